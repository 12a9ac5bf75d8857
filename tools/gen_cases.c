// SPDX-License-Identifier: GPL-2.0-or-later
//
// Puts the files of share/cases into the program: gen_cases FILE... writes a C source with the
// table kt_case_texts. Runs while the program is built.

#include "gen_bytes.h"

#include <stdio.h>
#include <string.h>

static void put_id(const char *name)
{
	const char *slash = strrchr(name, '/'), *base = slash ? slash + 1 : name;
	const char *period = strrchr(base, '.');

	printf("\t{ \"%.*s\", ", (int)(period ? period - base : (int)strlen(base)), base);
}

int main(int argc, char **argv)
{
	puts("// SPDX-License-Identifier: GPL-2.0-or-later\n// Made by tools/gen_cases.c.\n"
	     "#include \"cases/builtin.h\"\n");
	for (int i = 1; i < argc; i++) {
		printf("static const char text_%d[] = {", i);
		if (kt_gen_bytes(argv[i]) <= 0)
			return 1;
		puts("\n};");
	}
	puts("const struct kt_case_text kt_case_texts[] = {");
	for (int i = 1; i < argc; i++) {
		put_id(argv[i]);
		printf("text_%d, sizeof(text_%d) },\n", i, i);
	}
	puts("};\nconst size_t kt_nr_case_texts = sizeof(kt_case_texts) / "
	     "sizeof(kt_case_texts[0]);");
	return ferror(stdout) || fflush(stdout) ? 1 : 0;
}
