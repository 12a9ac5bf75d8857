// SPDX-License-Identifier: GPL-2.0-or-later
//
// Puts files into the program: gen_assets PATH TYPE FILE [PATH TYPE FILE...] writes a C
// source with the table kt_assets. Runs while the program is built.

#include "gen_bytes.h"

#include <stdio.h>

int main(int argc, char **argv)
{
	puts("// SPDX-License-Identifier: GPL-2.0-or-later\n// Made by tools/gen_assets.c.\n"
	     "#include \"serve/page.h\"\n");
	for (int i = 1; i + 2 < argc; i += 3) {
		printf("static const char asset_%d[] = {", i);
		if (kt_gen_bytes(argv[i + 2]) <= 0)
			return 1;
		puts("\n};");
	}
	puts("const struct kt_asset kt_assets[] = {");
	for (int i = 1; i + 2 < argc; i += 3)
		printf("\t{ \"%s\", \"%s\", asset_%d, sizeof(asset_%d) },\n", argv[i], argv[i + 1],
			i, i);
	puts("};\nconst size_t kt_nr_assets = sizeof(kt_assets) / sizeof(kt_assets[0]);");
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
