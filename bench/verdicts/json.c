// SPDX-License-Identifier: GPL-2.0-or-later
//
// The figures of the tables as JSON: counts, from which every share can be worked out.

#include "exam.h"

#include <inttypes.h>
#include <stdio.h>

static void print_tally(const char *name, const struct tally *tally)
{
	printf("\"%s\":{\"machines\":%zu,\"machine_years\":%.4f,\"fresh_years\":%.4f,"
	       "\"alarms\":[",
		name, tally->nr_machines, tally->machine_hours / HOURS_OF_YEAR,
		tally->fresh_hours / HOURS_OF_YEAR);
	for (size_t i = 0; i < tally->nr_alarms; i++) {
		const struct alarm *one = &tally->alarms[i];

		printf("%s{\"seed\":%llu,\"series\":\"%s\",\"kind\":\"%s\",\"hour\":%.2f,"
		       "\"level\":%d,\"score\":%.3g,\"confidence\":%.3f}",
			i ? "," : "", (unsigned long long)one->seed, one->series, one->kind->name,
			one->at_h, one->level, one->score, one->confidence);
	}
	printf("],\"kinds\":{");
	for (size_t k = 0; k < nr_kinds; k++)
		printf("%s\"%s\":{\"series\":%zu,\"flagged\":%zu}", k ? "," : "", kinds[k].name,
			tally->kind_series[k], tally->kind_alarms[k]);
	printf("},\"leaks\":[");
	for (size_t i = 0; i < tally->nr_found; i++) {
		const struct found *one = &tally->found[i];

		printf("%s{\"seed\":%llu,\"series\":%zu,\"shape\":\"%s\",\"on\":\"%s\","
		       "\"deviations\":%.3g,\"hourly\":%.6g,"
		       "\"leak_h\":%.4g,\"growing_h\":%.4g,\"last\":\"%s\",\"veto\":\"%s\","
		       "\"confidence\":%.3f,\"rate_inside\":%s,\"event_named\":%s,"
		       "\"onset_off_h\":%.3g}",
			i ? "," : "", (unsigned long long)one->seed, one->series,
			shape_names[one->shape], one->kind->name, one->size, one->hourly,
			one->delay_h, one->growing_h, kt_verdict_name(one->last),
			kt_veto_name(one->veto), one->confidence,
			one->rate_inside ? "true" : "false", one->named ? "true" : "false",
			one->onset_off_h);
	}
	printf("]},\n");
}

static void print_cells(const struct exam *exam)
{
	printf("\"rates\":[");
	for (size_t r = 0; r < NR_RATES; r++) {
		for (size_t g = 0; g < NR_GROUPS; g++) {
			const struct cell *cell = &exam->cells[r][g];

			printf("%s{\"mib_per_hour\":%g,\"shape\":\"%s\",\"leaks\":%zu,\"hours\":[",
				r + g ? "," : "", rates_mib[r], group_names[g], cell->nr_leaks);
			for (size_t i = 0; i < cell->nr_delays; i++)
				printf("%s%.5g", i ? "," : "", cell->delays[i]);
			printf("]}");
		}
	}
	printf("],\n");
}

static void print_states(const struct tally *tally)
{
	printf("\"states\":{");
	for (int t = 0; t < KT_NR_VERDICTS; t++) {
		printf("%s\"%s\":{", t ? "," : "", kt_verdict_name((enum kt_verdict)t));
		for (int v = 0; v < KT_NR_VERDICTS; v++)
			printf("%s\"%s\":%zu", v ? "," : "", kt_verdict_name((enum kt_verdict)v),
				tally->matrix[t][v]);
		printf("}");
	}
	printf("},\n\"sure\":{");
	for (int v = 0; v < KT_NR_VERDICTS; v++) {
		printf("%s\"%s\":[", v ? "," : "", kt_verdict_name((enum kt_verdict)v));
		for (size_t b = 0; b < NR_BINS; b++)
			printf("%s{\"from\":%g,\"right\":%zu,\"count\":%zu}", b ? "," : "",
				bin_limits[b], tally->sure[v][b].right, tally->sure[v][b].count);
		printf("]");
	}
	printf("},\n");
}

static void print_methods(const struct comparison *comparison)
{
	printf("\"methods\":{\"machine_years\":%.4f,\"leaks\":%zu,\"of\":{",
		comparison->machine_hours / HOURS_OF_YEAR, comparison->nr_leaks);
	for (size_t m = 0; m < METHODS; m++) {
		printf("%s\"%s\":{\"found\":%zu,\"alarms\":%zu,\"series\":%zu,\"flagged\":{",
			m ? "," : "",
			m < NR_BASELINES    ? baseline_names[m]
			: m == NR_BASELINES ? "ktally without a look"
					    : "ktally",
			comparison->nr_found[m], comparison->nr_alarms[m],
			comparison->nr_flagged[m]);
		for (size_t k = 0; k < nr_kinds; k++)
			printf("%s\"%s\":%zu", k ? "," : "", kinds[k].name,
				comparison->kind_flagged[k][m]);
		printf("}}");
	}
	printf("}},\n");
}

void exam_print_json(const struct exam *exam)
{
	printf("{\"first_seed\":%" PRIu64 ",\"held_out\":%s,\"look\":%s,\n",
		exam->options.first_seed,
		exam->options.first_seed >= SEEDS_MEASURED ? "true" : "false",
		exam->options.look ? "true" : "false");
	print_tally("quiet", &exam->quiet);
	print_tally("dense", &exam->dense);
	print_tally("leaking", &exam->leaks);
	print_cells(exam);
	print_states(&exam->states);
	print_methods(&exam->comparison);
	printf("\"recorded\":[");
	for (size_t i = 0; i < exam->nr_recorded; i++) {
		const struct recorded *one = &exam->recorded[i];

		printf("%s{\"file\":\"%s\",\"series\":\"%s\",\"mechanism\":\"%s\",\"true\":\"%s\","
		       "\"judged\":\"%s\",\"leak_min\":%.1f}",
			i ? "," : "", one->file, one->series, one->mechanism,
			kt_verdict_name(one->truth), kt_verdict_name(one->verdict), one->delay_min);
	}
	printf("]}\n");
}
