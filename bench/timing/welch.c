/*
 * welch.c
 *		Do two classes of calls take different times?  Welch's t-test, after the
 *		method of dudect (Reparaz, Balasch, Verbauwhede: "Dude, is my code constant
 *		time?", 2017).
 *
 * Reads lines of a class, 0 or 1, and nanoseconds.  What is long is seldom the code's doing, so the
 * test is repeated with what lies above a percentile of both classes together left out, for several
 * percentiles, and the largest |t| counts.
 *
 * Prints: samples of each class, median of class 0, difference of the medians, largest |t| and
 * its percentile, verdict.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct Sample
{
	int			class;
	double		time;
} Sample;

static const double percentiles[] = {50, 60, 70, 80, 90, 95, 99, 99.9, 100};

#define PERCENTILE_COUNT (sizeof(percentiles) / sizeof(percentiles[0]))

/* beyond which a leak is likely, and beyond which it is beyond doubt */
#define LIKELY	4.5
#define CERTAIN	10

static Sample *
read_samples(size_t *count)
{
	Sample	   *samples = NULL;
	size_t		room = 0;
	Sample		sample;

	*count = 0;
	while (scanf("%d %lf", &sample.class, &sample.time) == 2)
	{
		if (sample.class != 0 && sample.class != 1)
			break;
		if (*count == room)
		{
			room = room == 0 ? 4096 : 2 * room;
			samples = realloc(samples, room * sizeof(Sample));
			if (!samples)
				abort();
		}
		samples[(*count)++] = sample;
	}
	if (!feof(stdin) || *count == 0)
	{
		fprintf(stderr, "welch: no samples\n");
		exit(1);
	}
	return samples;
}

static int
compare(const void *a, const void *b)
{
	double		x = ((const Sample *) a)->time;
	double		y = ((const Sample *) b)->time;

	return (x > y) - (x < y);
}

/* Of sorted samples. */
static double
median(const Sample *samples, size_t count, int class, size_t of_class)
{
	size_t		seen = 0;

	for (size_t i = 0; i < count; i++)
	{
		seen += samples[i].class == class;
		if (2 * seen > of_class)
			return samples[i].time;
	}
	return NAN;
}

/* Welch's t of the `count` shortest samples; 0 if there are too few of a class. */
static double
welch(const Sample *samples, size_t count)
{
	double		n[2] = {0};
	double		mean[2] = {0};
	double		squares[2] = {0};
	double		error;

	for (size_t i = 0; i < count; i++)
	{
		int			c = samples[i].class;
		double		delta = samples[i].time - mean[c];

		mean[c] += delta / ++n[c];
		squares[c] += delta * (samples[i].time - mean[c]);
	}
	if (n[0] < 100 || n[1] < 100)
		return 0;
	error = sqrt(squares[0] / (n[0] - 1) / n[0] + squares[1] / (n[1] - 1) / n[1]);
	return error > 0 ? (mean[1] - mean[0]) / error : 0;
}

int
main(void)
{
	size_t		count;
	Sample	   *samples = read_samples(&count);
	size_t		of_class[2] = {0};
	double		medians[2];
	double		largest = 0;
	double		percentile = 100;

	qsort(samples, count, sizeof(Sample), compare);
	for (size_t i = 0; i < count; i++)
		of_class[samples[i].class]++;
	for (int c = 0; c < 2; c++)
		medians[c] = median(samples, count, c, of_class[c]);
	for (size_t p = 0; p < PERCENTILE_COUNT; p++)
	{
		double		t = welch(samples, (size_t) ((double) count * percentiles[p] / 100));

		if (fabs(t) > fabs(largest))
		{
			largest = t;
			percentile = percentiles[p];
		}
	}
	printf("%zu | %zu | %.1f | %+.2f | %.1f | %.1f | %s\n", of_class[0], of_class[1], medians[0],
		   medians[1] - medians[0], fabs(largest), percentile,
		   fabs(largest) > CERTAIN ? "LEAK" : fabs(largest) > LIKELY ? "likely" : "none seen");
	free(samples);
	return 0;
}
