// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/page.h"

#include "serve/answer.h"

#include "test.h"

static const char *html(const char *text)
{
	static struct kt_buf buf;

	buf.size = 0;
	kt_put_html(&buf, text);
	kt_buf_add(&buf, "", 1);
	return buf.data;
}

static const char *json(const char *text)
{
	static struct kt_buf buf;

	buf.size = 0;
	kt_put_json(&buf, text);
	kt_buf_add(&buf, "", 1);
	return buf.data;
}

TEST(what_means_something_in_html_is_escaped)
{
	CHECK_STR(html("<b onclick=\"x('y')\">&"),
		"&lt;b onclick=&quot;x(&#39;y&#39;)&quot;&gt;&amp;");
	CHECK_STR(html("dentry"), "dentry");
}

TEST(what_means_something_in_json_is_escaped)
{
	CHECK_STR(json("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
}

TEST(a_template_without_a_report_says_why)
{
	KT_CLEANUP(buf) struct kt_buf text = { 0 };

	kt_page_render(&text, KT_SPAN("<p><!--host--><!--account--><!-- x --></p><!--"), NULL,
		"no <files>");
	kt_buf_add(&text, "", 1);
	CHECK_STR(text.data, "<p>ktally<p class=\"note\">no &lt;files&gt;</p>\n<!-- x --></p><!--");
}

TEST(the_page_and_its_parts_are_in_the_program)
{
	CHECK(kt_asset_find("/") != NULL);
	CHECK(kt_asset_find("/page.js") != NULL);
	CHECK(kt_asset_find("/uPlot.js") != NULL);
	CHECK(kt_asset_find("/../page.js") == NULL);
	CHECK(kt_asset_find("") == NULL);
}
