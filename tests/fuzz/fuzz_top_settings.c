// SPDX-License-Identifier: GPL-2.0-or-later
//
// The file of top's settings: whatever it contains, what is written from it is read the same.

#include "fuzz_record.h"

#include "top/settings/settings.h"
#include "top/view.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct kt_settings first, second;
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_settings_parse((struct kt_span){ (const char *)data, size }, KT_TAB_NAMES, &first);
	kt_settings_write(&first, KT_TAB_NAMES, &text);
	fuzz_must(!text.failed && text.size <= KT_SETTINGS_MAX, "the text is too large");
	for (size_t i = 0; i < text.size; i++)
		fuzz_must((text.data[i] >= ' ' && text.data[i] < 0x7f) || text.data[i] == '\n' ||
				  text.data[i] == '\t',
			"a control character is written");
	kt_settings_parse((struct kt_span){ text.data, text.size }, KT_TAB_NAMES, &second);
	fuzz_must(memcmp(&first, &second, sizeof(first)) == 0, "it is not read as it is written");
	return 0;
}
