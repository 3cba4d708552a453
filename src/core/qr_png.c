/*
 * qr_png.c
 *		QR codes drawn as PNG.
 *
 * Libpng and zlib take all their memory from us, so that it is wiped when they give it back.
 */
#include "qr.h"

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <png.h>

#include "secure.h"

#define ROW_MAX		(((OTP_QR_WIDTH_MAX + 2 * OTP_QR_QUIET) * OTP_QR_SCALE_MAX + 7) / 8)

/* What is before each piece of memory: how long it is, and nothing that spoils its alignment. */
typedef union Header
{
	size_t		size;
	max_align_t align;
} Header;

/* The file as far as it is written. */
typedef struct File
{
	uint8_t    *bytes;
	size_t		length;
	size_t		room;
} File;

static png_voidp
allocate(png_structp png, png_alloc_size_t size)
{
	Header	   *header = NULL;

	(void) png;
	if (size <= SIZE_MAX - sizeof(Header))
		header = malloc(sizeof(Header) + size);
	if (header == NULL)
		return NULL;
	header->size = size;
	return header + 1;
}

static void
release(png_structp png, png_voidp memory)
{
	Header	   *header;

	(void) png;
	if (memory == NULL)
		return;
	header = (Header *) memory - 1;
	otp_wipe(memory, header->size);
	free(header);
}

static void
drop(File *file)
{
	otp_wipe(file->bytes, file->length);
	free(file->bytes);
}

static void
grow(png_structp png, File *file, size_t room)
{
	File		larger = {malloc(room), file->length, room};

	if (larger.bytes == NULL)
		png_error(png, "out of memory");
	if (file->length > 0)
		memcpy(larger.bytes, file->bytes, file->length);
	drop(file);
	*file = larger;
}

static void
append(png_structp png, png_bytep bytes, size_t n)
{
	File	   *file = png_get_io_ptr(png);

	if (n > file->room - file->length)
		grow(png, file, 2 * (file->length + n));
	memcpy(file->bytes + file->length, bytes, n);
	file->length += n;
}

static void
flush(png_structp png)
{
	(void) png;
}

/* In place of libpng's own, which write to the standard error. */
static void
fail(png_structp png, png_const_charp message)
{
	(void) message;
	png_longjmp(png, 1);
}

static void
ignore(png_structp png, png_const_charp message)
{
	(void) png;
	(void) message;
}

/* A row of modules as a row of pixels, eight a byte; 1 is white. */
static void
fill_row(const OtpQr *qr, int y, int scale, uint8_t *row)
{
	int			pixel = 0;

	memset(row, 0, ROW_MAX);
	for (int x = -OTP_QR_QUIET; x < qr->width + OTP_QR_QUIET; x++)
	{
		bool		dark = otp_qr_dark(qr, x, y);

		for (int i = 0; i < scale; i++, pixel++)
		{
			if (!dark)
				row[pixel / 8] |= (uint8_t) (0x80 >> pixel % 8);
		}
	}
}

/* Libpng reports a failure by a long jump.  false: no memory left. */
static bool
write_picture(png_structp png, png_infop info, const OtpQr *qr, int scale, uint8_t *row)
{
	png_uint_32 side = (png_uint_32) ((qr->width + 2 * OTP_QR_QUIET) * scale);

	if (setjmp(png_jmpbuf(png)) != 0)
		return false;
	png_set_IHDR(png, info, side, side, 1, PNG_COLOR_TYPE_GRAY, PNG_INTERLACE_NONE,
				 PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
	png_write_info(png, info);
	for (int y = -OTP_QR_QUIET; y < qr->width + OTP_QR_QUIET; y++)
	{
		fill_row(qr, y, scale, row);
		for (int i = 0; i < scale; i++)
			png_write_row(png, row);
	}
	png_write_end(png, info);
	return true;
}

bool
otp_qr_draw_png(const OtpQr *qr, int scale, uint8_t **bytes, size_t *length)
{
	File		file = {NULL, 0, 0};
	uint8_t		row[ROW_MAX];
	png_structp png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, NULL, fail, ignore,
												NULL, allocate, release);
	png_infop	info = png ? png_create_info_struct(png) : NULL;
	bool		ok = false;

	if (info)
	{
		png_set_write_fn(png, &file, append, flush);
		ok = write_picture(png, info, qr, scale, row);
	}
	png_destroy_write_struct(&png, &info);
	otp_wipe(row, sizeof(row));
	if (!ok)
	{
		drop(&file);
		return false;
	}
	*bytes = file.bytes;
	*length = file.length;
	return true;
}
