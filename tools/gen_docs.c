// SPDX-License-Identifier: GPL-2.0-or-later
//
// Build-time program: "gen_docs man PROSE.in [COMMAND]", "gen_docs bash", "gen_docs zsh",
// "gen_docs schema DIRECTORY".

#include "gen_docs.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

static struct kt_err *read_file(const char *path, struct kt_buf *ret_text)
{
	FILE *file = fopen(path, "re");
	struct kt_err *err = NULL;
	char block[4096];
	size_t n;

	if (!file)
		return kt_err_os(errno, "%s", path);
	while ((n = fread(block, 1, sizeof(block), file)))
		kt_buf_add(ret_text, block, n);
	if (ferror(file))
		err = kt_err_os(EIO, "%s", path);
	kt_buf_add(ret_text, "", 1);
	fclose(file);
	return err;
}

static struct kt_err *man_from(const char *path, const char *command, struct kt_buf *ret_text)
{
	KT_CLEANUP(buf) struct kt_buf prose = { 0 };
	struct kt_err *err = read_file(path, &prose);

	if (!err && prose.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (err)
		return err;
	err = gen_man(prose.data, command, ret_text);
	return err ? kt_err_prepend(err, "%s", path) : NULL;
}

static struct kt_err *generate(int argc, char **argv, struct kt_buf *ret_text)
{
	if ((argc == 3 || argc == 4) && strcmp(argv[1], "man") == 0)
		return man_from(argv[2], argv[3], ret_text);
	if (argc == 2 && strcmp(argv[1], "bash") == 0)
		return gen_bash(ret_text);
	if (argc == 2 && strcmp(argv[1], "zsh") == 0)
		return gen_zsh(ret_text);
	if (argc == 3 && strcmp(argv[1], "schema") == 0)
		return gen_schemas(argv[2]);
	return kt_err_new(KT_ERR_USAGE,
		"usage: gen_docs man PROSE.in [COMMAND] | bash | zsh | schema DIRECTORY");
}

int main(int argc, char **argv)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };
	KT_CLEANUP(err) struct kt_err *err = generate(argc, argv, &text);

	if (!err && text.failed)
		err = kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (!err && text.size &&
		(fwrite(text.data, 1, text.size, stdout) != text.size || fflush(stdout)))
		err = kt_err_os(errno, "standard output");
	if (!err)
		return 0;
	fprintf(stderr, "gen_docs: %s\n", kt_err_text(err));
	return 1;
}
