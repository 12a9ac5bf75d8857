// SPDX-License-Identifier: GPL-2.0-or-later
//
// Tables of an examination, 80 columns wide.

#include "exam.h"
#include "interval.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALARMS_SHOWN 24

/* Verdicts in seven columns at most. */
static const char *const brief[KT_NR_VERDICTS] = { "n/o", "norm", "fill", "churn", "step", "spike",
	"drop", "tooth", "foll", "out", "grow", "leak", "was" };

static const char *const size_names[NR_SIZES] = { "< 4", "4-6", "6-10", "10-20", "20-40", "> 40" };

static void print_share(const char *name, size_t hits, size_t count)
{
	struct interval in = interval_share((double)hits, (double)count);

	if (count == 0)
		printf("  %-34s    -\n", name);
	else
		printf("  %-34s %.3f  (%zu of %zu; %.3f-%.3f)\n", name,
			(double)hits / (double)count, hits, count, in.low, in.high);
}

static void print_rate(const char *name, size_t count, double hours)
{
	struct interval in = interval_poisson(count);
	double years = hours / HOURS_OF_YEAR;

	if (years <= 0)
		return;
	printf("  %-24s %.2f a machine-year (%zu in %.2f; %.2f-%.2f)\n", name,
		(double)count / years, count, years, in.low / years, in.high / years);
}

/* Nothing is to be learned from single machines of seeds that only measure. */
static bool is_measured(const struct exam *exam)
{
	return exam->options.first_seed >= SEEDS_MEASURED;
}

static void print_alarms(const struct exam *exam, const struct tally *tally)
{
	if (is_measured(exam))
		return;
	for (size_t i = 0; i < tally->nr_alarms && i < ALARMS_SHOWN; i++) {
		const struct alarm *one = &tally->alarms[i];

		printf("    %-7llu %-22s day %4.1f  level %d  S %5.1f %7.1f MiB  %.2f\n",
			(unsigned long long)one->seed, one->series, one->at_h / 24, one->level,
			one->score, one->rise_bytes / MIB, one->confidence);
	}
	if (tally->nr_alarms > ALARMS_SHOWN)
		printf("    ... %zu more\n", tally->nr_alarms - ALARMS_SHOWN);
}

static void print_quiet(const struct exam *exam, const struct tally *tally, int step_s)
{
	printf("\nFALSE ALARMS: %zu machines without a leak, 30 days each, a sample each %d s\n",
		tally->nr_machines, step_s);
	print_rate("all", tally->nr_alarms, tally->machine_hours);
	print_rate("in the first 8 days", tally->nr_fresh, tally->fresh_hours);
	print_rate("later", tally->nr_alarms - tally->nr_fresh,
		tally->machine_hours - tally->fresh_hours);
	print_alarms(exam, tally);
	printf("  %-20s %7s %8s    %-20s %7s %8s\n", "KIND", "SERIES", "FLAGGED", "KIND", "SERIES",
		"FLAGGED");
	for (size_t k = 0; k < nr_kinds; k++)
		printf("  %-20s %7zu %8zu%s", kinds[k].name, tally->kind_series[k],
			tally->kind_alarms[k], k % 2 && k + 1 < nr_kinds ? "\n" : "  ");
	printf("\n");
}

static void print_sizes(const struct tally *tally)
{
	size_t found[NR_SIZES] = { 0 }, count[NR_SIZES] = { 0 };

	for (size_t i = 0; i < tally->nr_found; i++) {
		size_t size = class_of(size_limits, NR_SIZES, tally->found[i].size);

		if (!tally->found[i].provable)
			continue;
		count[size]++;
		found[size] += tally->found[i].delay_h >= 0;
	}
	printf("  recall by size, in deviations of the rest of the series:\n");
	for (size_t s = 0; s < NR_SIZES; s++)
		print_share(size_names[s], found[s], count[s]);
	for (size_t from = 1; from < NR_SIZES; from += 2) {
		size_t hits = 0, all = 0;
		char name[32];

		for (size_t s = from; s < NR_SIZES; s++) {
			hits += found[s];
			all += count[s];
		}
		snprintf(name, sizeof(name), "from %.0f on", size_limits[from]);
		print_share(name, hits, all);
	}
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double quantile(const double *sorted, size_t count, double share)
{
	return count == 0 ? NAN : sorted[(size_t)((double)(count - 1) * share + .5)];
}

static void print_hours(double hours, int width)
{
	char text[24];

	if (isnan(hours))
		snprintf(text, sizeof(text), "-");
	else if (hours < .05)
		snprintf(text, sizeof(text), "%.0f s", hours * 3600);
	else if (hours < 2)
		snprintf(text, sizeof(text), "%.1f min", hours * 60);
	else
		snprintf(text, sizeof(text), "%.1f h", hours);
	printf("%*s", width, text);
}

static void print_shape(const struct tally *tally, enum shape shape)
{
	double delays[4096];
	size_t count = 0, found = 0, growing = 0, large = 0;

	for (size_t i = 0; i < tally->nr_found; i++) {
		const struct found *one = &tally->found[i];

		if (one->shape != shape)
			continue;
		count++;
		large += one->size >= 10;
		growing += one->growing_h >= 0;
		if (one->delay_h >= 0 && found < 4096)
			delays[found++] = one->delay_h;
	}
	if (count == 0)
		return;
	qsort(delays, found, sizeof(*delays), by_value);
	printf("  %-18s %5zu %6zu %6zu %8zu", shape_names[shape], count, large, found, growing);
	print_hours(quantile(delays, found, .5), 12);
	print_hours(quantile(delays, found, .9), 12);
	printf("\n");
}

static void print_named(const struct tally *tally)
{
	size_t events = 0, named = 0, found = 0, inside = 0, sisters = 0, family = 0;
	double hours[4096] = { 0 };

	for (size_t i = 0; i < tally->nr_found; i++) {
		const struct found *one = &tally->found[i];

		if (one->delay_h < 0)
			continue;
		found++;
		inside += one->rate_inside;
		if (one->shape >= SHAPE_CONNECTION && one->shape <= SHAPE_WRITE) {
			events++;
			if (one->named_h >= 0 && named < 4096)
				hours[named++] = one->named_h;
		}
		if (one->shape == SHAPE_SISTERS) {
			sisters++;
			family += one->with_family;
		}
	}
	print_share("true rate within the 90 % interval", inside, found);
	print_share("event named, of leaks per event", named, events);
	qsort(hours, named, sizeof(*hours), by_value);
	printf("  %-34s", "after the onset, median and 90 %");
	print_hours(quantile(hours, named, .5), 10);
	print_hours(quantile(hours, named, .9), 10);
	printf("\n");
	print_share("family seen, of sister leaks", family, sisters);
}

static void print_missed(const struct tally *tally)
{
	size_t vetoes[KT_NR_VETOES] = { 0 }, verdicts[KT_NR_VERDICTS] = { 0 }, missed = 0;

	for (size_t i = 0; i < tally->nr_found; i++) {
		const struct found *one = &tally->found[i];

		if (one->delay_h >= 0 || one->size < 4 || !one->provable)
			continue;
		missed++;
		vetoes[one->veto]++;
		verdicts[one->last]++;
	}
	printf("  missed from 4 deviations on: %zu;", missed);
	for (int v = 0; v < KT_NR_VERDICTS; v++) {
		if (verdicts[v])
			printf(" %s %zu", brief[v], verdicts[v]);
	}
	printf("\n");
	for (int v = 0; v < KT_NR_VETOES; v++) {
		if (vetoes[v])
			printf("    %4zu  %s\n", vetoes[v], kt_veto_name((enum kt_veto)v));
	}
}

static void print_missed_leaks(const struct exam *exam)
{
	for (size_t i = 0; i < exam->leaks.nr_found && !is_measured(exam); i++) {
		const struct found *one = &exam->leaks.found[i];

		if (one->delay_h < 0 && one->size >= 4 && one->provable)
			printf("    %-7llu %3zu %-16s on %-10.10s %7.1f dev. %8.2f MiB/h  %-5s "
			       "%.20s\n",
				(unsigned long long)one->seed, one->series, shape_names[one->shape],
				one->kind->name, one->size, one->hourly / MIB, brief[one->last],
				one->veto == KT_VETO_NONE ? "" : kt_veto_name(one->veto));
	}
}

/* A leak in a reclaimable cache is a fill to all that can be seen, until memory is short. */
static void print_unprovable(const struct tally *tally)
{
	size_t verdicts[KT_NR_VERDICTS] = { 0 }, count = 0;

	for (size_t i = 0; i < tally->nr_found; i++) {
		const struct found *one = &tally->found[i];

		if (one->provable)
			continue;
		count++;
		verdicts[one->delay_h >= 0 ? KT_VERDICT_LEAK : one->last]++;
	}
	printf("  %zu in reclaimable caches without pressure, not counted above:", count);
	for (int v = 0; v < KT_NR_VERDICTS; v++) {
		if (verdicts[v])
			printf(" %s %zu", brief[v], verdicts[v]);
	}
	printf("\n");
}

static void print_leaks(const struct exam *exam)
{
	const struct tally *tally = &exam->leaks;
	size_t found = 0, from_4 = 0, found_4 = 0;
	double false_rate, share;

	for (size_t i = 0; i < tally->nr_found; i++) {
		bool hit = tally->found[i].delay_h >= 0;

		found += hit;
		from_4 += tally->found[i].provable && tally->found[i].size >= 4;
		found_4 += hit && tally->found[i].provable && tally->found[i].size >= 4;
	}
	printf("\nLEAKS: %zu machines of %zu series, 10 of them leak from day 8 to 10 on, of 14\n",
		tally->nr_machines, (size_t)SERIES_USUAL);
	print_share("precision on these machines", found, found + tally->nr_alarms);
	print_alarms(exam, tally);
	if (exam->quiet.machine_hours > 0 && from_4 > 0) {
		false_rate =
			(double)exam->quiet.nr_alarms / (exam->quiet.machine_hours / HOURS_OF_YEAR);
		share = (double)found_4 / (double)from_4;
		printf("  %-34s %.3f\n", "precision at one leak a machine-year",
			share / (share + false_rate));
	}
	print_sizes(tally);
	print_missed(tally);
	print_missed_leaks(exam);
	print_unprovable(tally);
	print_named(tally);
	printf("  %-18s %5s %6s %6s %8s %11s %11s\n", "SHAPE", "LEAKS", ">= 10", "FOUND", "GROWING",
		"MEDIAN", "90 %");
	for (int s = 0; s < NR_SHAPES; s++)
		print_shape(tally, (enum shape)s);
}

static void print_rates(const struct exam *exam)
{
	printf("\nTIME TO DETECT: \"leak\" after the onset, a day of history before it\n");
	printf("  %8s  %-14s %6s %6s %11s %9s %9s %8s\n", "MIB/H", "SHAPE", "LEAKS", "FOUND",
		"MEDIAN", "90 %", "GOAL", "WITHIN");
	for (size_t r = 0; r < NR_RATES; r++) {
		for (size_t g = 0; g < NR_GROUPS; g++) {
			const struct cell *cell = &exam->cells[r][g];

			printf("  %8g  %-14s %6zu %6zu ", rates_mib[r], group_names[g],
				cell->nr_leaks, cell->nr_delays);
			print_hours(quantile(cell->delays, cell->nr_delays, .5), 10);
			print_hours(quantile(cell->delays, cell->nr_delays, .9), 10);
			print_hours(cell->within > 0 ? cell->within : NAN, 10);
			if (cell->within > 0 && cell->nr_leaks > 0)
				printf(" %7.0f%%",
					100 * (double)cell->nr_within / (double)cell->nr_leaks);
			printf("\n");
		}
	}
}

static void print_matrix(const struct tally *tally)
{
	static const int widths[KT_NR_VERDICTS] = { 4, 7, 6, 6, 6, 6, 5, 6, 6, 5, 5, 6, 5 };

	printf("\nSTATES: rows are true, columns judged; episodes, and days of what is normal\n");
	printf("  %-5s", "TRUE");
	for (int v = 0; v < KT_NR_VERDICTS; v++)
		printf("%*s", widths[v], brief[v]);
	printf("\n");
	for (int t = 0; t < KT_NR_VERDICTS; t++) {
		size_t sum = 0;

		for (int v = 0; v < KT_NR_VERDICTS; v++)
			sum += tally->matrix[t][v];
		if (sum == 0)
			continue;
		printf("  %-5s", brief[t]);
		for (int v = 0; v < KT_NR_VERDICTS; v++)
			printf("%*zu", widths[v], tally->matrix[t][v]);
		printf("\n");
	}
}

/* At one leak a machine-year: the leaks of the exam are far more than a machine has. */
static void print_leak_confidence(const struct exam *exam)
{
	double years = exam->quiet.machine_hours / HOURS_OF_YEAR;
	size_t leaks[NR_BINS] = { 0 }, alarms[NR_BINS] = { 0 }, all = 0;

	for (size_t i = 0; i < exam->leaks.nr_found; i++) {
		const struct found *one = &exam->leaks.found[i];

		all++;
		if (one->delay_h >= 0)
			leaks[class_of(bin_limits, NR_BINS, one->confidence)]++;
	}
	for (size_t i = 0; i < exam->quiet.nr_alarms; i++)
		alarms[class_of(bin_limits, NR_BINS, exam->quiet.alarms[i].confidence)]++;
	printf("  \"leak\", at one leak a machine-year:\n");
	for (size_t b = 0; b < NR_BINS && years > 0 && all > 0; b++) {
		double p = (double)leaks[b] / (double)all, f = (double)alarms[b] / years;
		struct interval bounds = interval_poisson(alarms[b]);

		if (leaks[b] + alarms[b] == 0)
			continue;
		printf("    from %.2f  leaks %5zu  false %4zu  right %.3f (%.3f-%.3f)\n",
			bin_limits[b], leaks[b], alarms[b], p / (p + f),
			p / (p + bounds.high / years), p / (p + bounds.low / years));
	}
}

static void print_confidence(const struct exam *exam)
{
	printf("\nCONFIDENCE: how often a verdict of that confidence was right\n");
	print_leak_confidence(exam);
	printf("  other verdicts: stated, and right of all\n");
	for (int v = 0; v < KT_NR_VERDICTS; v++) {
		for (size_t b = 0; b < NR_BINS && v != KT_VERDICT_LEAK; b++) {
			const struct shares *sure = &exam->states.sure[v][b];
			char name[40];

			if (sure->count == 0)
				continue;
			snprintf(name, sizeof(name), "%-23s %.2f",
				kt_verdict_name((enum kt_verdict)v),
				sure->stated / (double)sure->count);
			print_share(name, sure->right, sure->count);
		}
	}
}

static const char *method_name(size_t method)
{
	static const char *const short_names[METHODS] = { "R2", "MK", "HR", "kmean", "fixed",
		"pred", "blind", "judge" };

	return short_names[method];
}

static void print_comparison(const struct comparison *comparison)
{
	double years = comparison->machine_hours / HOURS_OF_YEAR;

	printf("\nOTHER METHODS on the same machines, 8 days, %.2f machine-years; %% flagged\n",
		years);
	printf("  %-18s %6s", "KIND", "SERIES");
	for (size_t m = 0; m < METHODS; m++)
		printf("%6s", method_name(m));
	printf("\n");
	for (size_t k = 0; k < nr_kinds; k++) {
		size_t all = comparison->kind_series[k];

		if (all == 0)
			continue;
		printf("  %-18.18s %6zu", kinds[k].name, all);
		for (size_t m = 0; m < METHODS; m++)
			printf("%6.0f", 100 * (double)comparison->kind_flagged[k][m] / (double)all);
		printf("\n");
	}
	printf("  %-18s %6zu", "leaks found, %", comparison->nr_leaks);
	for (size_t m = 0; m < METHODS; m++)
		printf("%6.0f",
			100 * (double)comparison->nr_found[m] / (double)comparison->nr_leaks);
	printf("\n  %-25s", "precision");
	for (size_t m = 0; m < METHODS; m++)
		printf("%6.2f", (double)comparison->nr_found[m] /
					fmax(1, (double)(comparison->nr_found[m] +
							 comparison->nr_flagged[m])));
	printf("\n  %-25s", "false, a machine-year");
	for (size_t m = 0; m < METHODS; m++)
		printf("%6.0f", (double)comparison->nr_alarms[m] / years);
	printf("\n  R2: slope with R2 of .8; MK: Mann-Kendall; HR: the same after Hamed and Rao;\n"
	       "  kmean: as in Netdata; fixed: +100 MiB, or +50 %% and 10 MiB, in a day;\n"
	       "  pred: predict_linear() of 6 h; blind: the judge without a look for holders\n");
}

/* Verdicts by kernel: the name of a file begins with it. */
static void print_kernels(const struct exam *exam)
{
	for (size_t i = 0; i < exam->nr_recorded;) {
		const char *file = exam->recorded[i].file;
		size_t length = strcspn(file, "-"), right = 0, count = 0;
		char name[80];

		for (; i < exam->nr_recorded &&
			strncmp(exam->recorded[i].file, file, length + 1) == 0;
			i++) {
			right += exam->recorded[i].truth == exam->recorded[i].verdict;
			count++;
		}
		snprintf(name, sizeof(name), "verdict right on %.*s", (int)length, file);
		print_share(name, right, count);
	}
}

static void print_recorded(const struct exam *exam)
{
	size_t right = 0, leaks = 0, found = 0, others = 0, flagged = 0;

	printf("\nRECORDED in virtual machines, a second stretched to a minute\n");
	printf("  %-22s %-28s %-7s %-7s %s\n", "FILE", "MECHANISM", "TRUE", "JUDGED", "VETO");
	for (size_t i = 0; i < exam->nr_recorded; i++) {
		const struct recorded *one = &exam->recorded[i];
		bool leaked = one->truth == KT_VERDICT_LEAK;

		right += one->truth == one->verdict;
		leaks += leaked;
		found += leaked && one->delay_min >= 0;
		others += !leaked;
		flagged += !leaked && one->delay_min >= 0;
		printf("  %-22.22s %-28.28s %-7s %-7s %.10s\n", one->file, one->mechanism,
			brief[one->truth], brief[one->verdict],
			one->veto == KT_VETO_NONE ? "" : kt_veto_name(one->veto));
	}
	print_share("verdict right", right, exam->nr_recorded);
	print_kernels(exam);
	print_share("leaks found", found, leaks);
	print_share("flagged without a leak", flagged, others);
}

void exam_print(const struct exam *exam)
{
	const struct exam_options *options = &exam->options;
	double judged = exam->quiet.nr_judged + exam->leaks.nr_judged;

	printf("Verdicts on composed machines: %s seeds, %s a look for holders, %.0f s\n",
		is_measured(exam) ? "held-out" : "training", options->look ? "with" : "without",
		exam->seconds);
	if (judged > 0)
		printf("The judge takes %zu bytes a series and %.0f ns a series and sample.\n",
			exam->quiet.judge_bytes_most > exam->leaks.judge_bytes_most
				? exam->quiet.judge_bytes_most
				: exam->leaks.judge_bytes_most,
			(exam->quiet.judge_ns + exam->leaks.judge_ns) / judged);
	if (options->stages & 1u << STAGE_QUIET)
		print_quiet(exam, &exam->quiet, 60);
	if (options->stages & 1u << STAGE_DENSE)
		print_quiet(exam, &exam->dense, 10);
	if (options->stages & 1u << STAGE_LEAKS)
		print_leaks(exam);
	if (options->stages & 1u << STAGE_RATES)
		print_rates(exam);
	print_matrix(&exam->states);
	print_confidence(exam);
	if (options->stages & 1u << STAGE_BASELINES)
		print_comparison(&exam->comparison);
	if (exam->nr_recorded > 0)
		print_recorded(exam);
}
