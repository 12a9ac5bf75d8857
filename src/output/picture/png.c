// SPDX-License-Identifier: GPL-2.0-or-later
//
// PNG by libpng, which is opened when the first picture is written, because nothing else needs it.
// Its simplified interface returns errors as values; the classic interface uses longjmp.

#include "output/picture/canvas.h"

#include "base/library.h"
#include "base/span.h"

#include <png.h>

typedef __typeof__(png_image_write_to_memory) write_fn;
typedef __typeof__(png_image_free) free_fn;

struct functions {
	write_fn *write;
	free_fn *free;
};

static struct kt_err *open_library(const struct functions **ret_functions)
{
	static struct functions functions; /* filled once; the same for every caller */
	static const char *const symbols[] = { "png_image_write_to_memory", "png_image_free" };
	static const struct kt_library library = {
		.soname = "libpng16.so.16",
		.needed = "pictures need libpng",
		.advice = "on Debian: apt install libpng16-16",
		.symbols = symbols,
		.nr_symbols = KT_LEN(symbols),
	};
	struct kt_err *err = kt_library_open(&library, &functions, sizeof(functions));

	if (!err)
		*ret_functions = &functions;
	return err;
}

struct kt_err *kt_canvas_prepare(void)
{
	const struct functions *library;

	return open_library(&library);
}

struct kt_err *kt_canvas_png(const struct kt_canvas *canvas, struct kt_buf *ret_png)
{
	png_image image = { .version = PNG_IMAGE_VERSION,
		.width = (png_uint_32)canvas->width,
		.height = (png_uint_32)canvas->height,
		.format = PNG_FORMAT_RGB };
	/* upper bound: stored uncompressed, with the overhead of the format */
	png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(image);
	const struct functions *library = NULL;
	struct kt_err *err = open_library(&library);
	char *data;

	if (!library)
		return err;
	data = kt_buf_reserve(ret_png, size);
	if (!data)
		return kt_err_new(KT_ERR_NOMEM, "out of memory");
	if (library->write(&image, data, &size, 0, canvas->rgb, 0, NULL))
		ret_png->size += size;
	else
		err = kt_err_new(KT_ERR_OS, "libpng: %s", image.message);
	library->free(&image);
	return err;
}
