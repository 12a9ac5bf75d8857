// SPDX-License-Identifier: GPL-2.0-or-later
//
// Netdata's detector of anomalies, as its documentation describes it: differences of neighbours,
// smoothed over three, and six of these in a row are a point. Every three hours a model is trained
// on the last six hours: two centres, and the least and largest mean distance from them. A sample
// is anomalous if all of the last 18 models find it further away than 99 % of that range. The
// alarm is a tenth of an hour's samples. A window without any change trains no model, as Netdata
// leaves out constant metrics.

#include "baseline.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define LAG	   6
#define MODELS	   18
#define CENTRES	   2
#define ROUNDS	   20
#define TRAIN_H	   6.0
#define EVERY_H	   3.0
#define TRAIN_MAX  512 /* points of a training window that are used */
#define NEAR	   0.99
#define ALARM_RATE 0.1

struct model {
	double centres[CENTRES][LAG];
	double least, most;
};

struct detector {
	struct model models[MODELS];
	size_t nr_models;
	double points[TRAIN_MAX][LAG];
	size_t nr_points;
};

static double smoothed(const struct trace *trace, size_t i)
{
	return (double)(trace->bytes[i] - trace->bytes[i - 3]) / 3;
}

static void point_of(const struct trace *trace, size_t i, double *point)
{
	for (size_t k = 0; k < LAG; k++)
		point[k] = smoothed(trace, i - k);
}

static double distance(const double *a, const double *b)
{
	double sum = 0;

	for (size_t k = 0; k < LAG; k++)
		sum += (a[k] - b[k]) * (a[k] - b[k]);
	return sqrt(sum);
}

static double mean_distance(const struct model *model, const double *point)
{
	double sum = 0;

	for (size_t c = 0; c < CENTRES; c++)
		sum += distance(model->centres[c], point) / CENTRES;
	return sum;
}

static bool far(const struct model *model, const double *point)
{
	double range = model->most - model->least;

	return range > 0 && (mean_distance(model, point) - model->least) / range > NEAR;
}

/* Moves the centres to the means of the points next to them; whether any moved. */
static bool move(struct detector *detector, struct model *model)
{
	double sums[CENTRES][LAG] = { 0 };
	size_t counts[CENTRES] = { 0 };
	bool moved = false;

	for (size_t i = 0; i < detector->nr_points; i++) {
		const double *point = detector->points[i];
		size_t c = distance(model->centres[1], point) < distance(model->centres[0], point);

		counts[c]++;
		for (size_t k = 0; k < LAG; k++)
			sums[c][k] += point[k];
	}
	for (size_t c = 0; c < CENTRES; c++) {
		for (size_t k = 0; counts[c] && k < LAG; k++) {
			double mean = sums[c][k] / (double)counts[c];

			moved |= mean != model->centres[c][k];
			model->centres[c][k] = mean;
		}
	}
	return moved;
}

static void train(struct detector *detector, const struct trace *trace, size_t end, size_t window)
{
	size_t every = window / TRAIN_MAX + 1, farthest = 0;
	struct model *model;
	bool constant = true;

	detector->nr_points = 0;
	for (size_t i = end - window; i < end && detector->nr_points < TRAIN_MAX; i += every)
		point_of(trace, i, detector->points[detector->nr_points++]);
	for (size_t i = end - window; constant && i < end; i++)
		constant = trace->bytes[i] == trace->bytes[end - 1];
	if (constant)
		return;
	if (detector->nr_models == MODELS)
		memmove(detector->models, detector->models + 1,
			--detector->nr_models * sizeof(*model));
	model = &detector->models[detector->nr_models++];
	/* the first point and the one farthest from it begin */
	for (size_t i = 1; i < detector->nr_points; i++) {
		if (distance(detector->points[i], detector->points[0]) >
			distance(detector->points[farthest], detector->points[0]))
			farthest = i;
	}
	memcpy(model->centres[0], detector->points[0], sizeof(model->centres[0]));
	memcpy(model->centres[1], detector->points[farthest], sizeof(model->centres[1]));
	for (int round = 0; round < ROUNDS && move(detector, model); round++)
		;
	model->least = DBL_MAX;
	model->most = 0;
	for (size_t i = 0; i < detector->nr_points; i++) {
		double d = mean_distance(model, detector->points[i]);

		model->least = fmin(model->least, d);
		model->most = fmax(model->most, d);
	}
}

static bool anomalous(const struct detector *detector, const double *point)
{
	/* the newest is the likeliest to know it */
	for (size_t m = detector->nr_models; m-- > 0;) {
		if (!far(&detector->models[m], point))
			return false;
	}
	return detector->nr_models > 0;
}

void kmeans_run(const struct trace *trace, struct entries *entries)
{
	static _Thread_local struct detector detector;
	size_t window = (size_t)(TRAIN_H / trace->step_h + .5);
	size_t every = (size_t)(EVERY_H / trace->step_h + .5);
	size_t hour = (size_t)(1 / trace->step_h + .5), in_hour = 0, nr_bits = 0;
	static _Thread_local bool bits[1 << 12];
	double point[LAG];

	detector.nr_models = 0;
	for (size_t i = window + LAG + 3; i < trace->count && hour <= sizeof(bits); i++) {
		size_t slot = nr_bits % hour;

		if (i % every == 0)
			train(&detector, trace, i, window);
		point_of(trace, i, point);
		if (nr_bits++ >= hour)
			in_hour -= bits[slot];
		bits[slot] = anomalous(&detector, point);
		in_hour += bits[slot];
		if ((double)in_hour >= ALARM_RATE * (double)hour)
			entries_add(entries, (double)i * trace->step_h);
	}
}
