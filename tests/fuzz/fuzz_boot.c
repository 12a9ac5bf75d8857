// SPDX-License-Identifier: GPL-2.0-or-later
//
// A kernel log alone, as what was taken at boot: rows add up to the account's, whatever the
// log says.

#include "fuzz.h"

#include "analysis/boot.h"

static int64_t line_value(const struct kt_account *account, enum kt_row_id row)
{
	const struct kt_line *line = kt_account_line(account, row);

	return line && kt_ok(line->val) ? line->val.value : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	KT_CLEANUP(snapshot) struct kt_snapshot *snap = fuzz_machine(true);
	KT_CLEANUP(account) struct kt_account account = { 0 };
	KT_CLEANUP(err) struct kt_err *err = NULL;
	struct kt_boot boot;

	fuzz_parse(snap, &kt_source_kmsg, "ktally/dmesg", data, size);
	kt_derive(snap);
	if (!kt_boot_settle(snap))
		return 0;
	err = kt_account_compute(snap, KT_NO_NODE, &account);
	if (!err)
		err = kt_boot_compute(snap, &account, &snap->arena, &boot);
	if (err)
		return 0;
	if (boot.held[KT_FROM_FIRMWARE] != line_value(&account, KT_ROW_FIRMWARE) ||
		boot.held[KT_FROM_RESERVED] != line_value(&account, KT_ROW_BOOT)) {
		fprintf(stderr, "the rows are not those of the account\n");
		abort();
	}
	for (size_t i = 0; i < boot.rows.count; i++) {
		if (boot.rows.items[i].taken != boot.rows.items[i].held + boot.rows.items[i].back)
			abort();
	}
	return 0;
}
