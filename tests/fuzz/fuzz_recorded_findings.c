// SPDX-License-Identifier: GPL-2.0-or-later
//
// Findings that a recorder has written next to its recording.

#include "fuzz_record.h"

#include "cmd/recorded_findings.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(report) struct kt_report report = { 0 }, again = { 0 };
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	struct kt_recorded recorded, recorded_again;

	if (!kt_recorded_parse((struct kt_span){ (const char *)data, size }, &report, &recorded))
		return 0;
	fuzz_must(report.findings.count <= KT_RECORDED_MAX, "too many findings");
	if (!kt_known(recorded.written_ms) || !kt_known(recorded.from_ms) ||
		!kt_known(recorded.nr_series))
		return 0;
	kt_recorded_write(&report, &recorded, &text);
	fuzz_must(kt_recorded_parse(
			  (struct kt_span){ text.data, text.size }, &again, &recorded_again) &&
			  again.findings.count == report.findings.count,
		"findings are not read as they are written");
	return 0;
}
