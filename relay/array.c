/*
 * array.c
 *		Arrays as PostgreSQL writes them.
 */
#include "array.h"

/* NULL is NULL. */
void
array_add(Text *array, const char *value)
{
	text_add_char(array, array->length == 0 ? '{' : ',');
	if (!value)
	{
		text_add(array, "NULL");
		return;
	}
	text_add_char(array, '"');
	for (; *value; value++)
	{
		if (*value == '"' || *value == '\\')
			text_add_char(array, '\\');
		text_add_char(array, *value);
	}
	text_add_char(array, '"');
}

const char *
array_end(Text *array)
{
	text_add(array, array->length == 0 ? "{}" : "}");
	return array->data;
}
