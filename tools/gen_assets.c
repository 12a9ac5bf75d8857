// SPDX-License-Identifier: GPL-2.0-or-later
//
// Puts files into the program: gen_assets PATH TYPE FILE [PATH TYPE FILE...] writes a C
// source with the table kt_assets. Runs while the program is built.

#include <stdio.h>

static int put_file(const char *name)
{
	FILE *file = fopen(name, "rb");
	int c, at = 0;

	if (!file) {
		perror(name);
		return -1;
	}
	while ((c = getc(file)) != EOF)
		printf("%s%d,", at++ % 24 ? "" : "\n\t", c > 127 ? c - 256 : c);
	fclose(file);
	return at;
}

int main(int argc, char **argv)
{
	puts("// SPDX-License-Identifier: GPL-2.0-or-later\n// Made by tools/gen_assets.c.\n"
	     "#include \"serve/page.h\"\n");
	for (int i = 1; i + 2 < argc; i += 3) {
		printf("static const char asset_%d[] = {", i);
		if (put_file(argv[i + 2]) <= 0)
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
