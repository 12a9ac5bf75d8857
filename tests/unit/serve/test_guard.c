// SPDX-License-Identifier: GPL-2.0-or-later
#include "serve/guard.h"

#include "test.h"

static bool host(const char *text)
{
	return kt_guard_host(kt_span_str(text));
}

TEST(hosts_that_no_site_can_have_are_let_in)
{
	CHECK(host("localhost"));
	CHECK(host("LocalHost:19998"));
	CHECK(host("127.0.0.1"));
	CHECK(host("127.0.0.1:0"));
	CHECK(host("10.1.2.3:65535"));
	CHECK(host("[::1]"));
	CHECK(host("[fe80::1]:80"));
}

TEST(names_are_not)
{
	CHECK(!host(""));
	CHECK(!host("evil.example"));
	CHECK(!host("localhost.evil.example"));
	CHECK(!host("127.0.0.1.evil.example"));
	CHECK(!host("localhost."));
	CHECK(!host("localhost:"));
	CHECK(!host("localhost:65536"));
	CHECK(!host("localhost:-1"));
	CHECK(!host("localhost:80:80"));
	CHECK(!host("[::1"));
	CHECK(!host("[::1]x"));
	CHECK(!host("[127.0.0.1]"));
	CHECK(!host("::1"));
	CHECK(!host("127.1"));
	CHECK(!host("0x7f.0.0.1"));
	CHECK(!host("user@localhost"));
}

TEST(an_origin_is_that_of_its_host_or_foreign)
{
	CHECK(kt_guard_origin(KT_SPAN("http://localhost:80"), KT_SPAN("localhost:80")));
	CHECK(kt_guard_origin(KT_SPAN("https://Proxy.example"), KT_SPAN("proxy.example")));
	CHECK(!kt_guard_origin(KT_SPAN("http://localhost:81"), KT_SPAN("localhost:80")));
	CHECK(!kt_guard_origin(KT_SPAN("http://localhost"), KT_SPAN("localhost:80")));
	CHECK(!kt_guard_origin(KT_SPAN("null"), KT_SPAN("null")));
	CHECK(!kt_guard_origin(KT_SPAN("http://"), KT_SPAN("")));
	CHECK(!kt_guard_origin(KT_SPAN("http://a.example"), KT_SPAN("a")));
}

TEST(only_the_same_is_the_same)
{
	CHECK(kt_guard_same(KT_SPAN("abc"), KT_SPAN("abc")));
	CHECK(!kt_guard_same(KT_SPAN("abc"), KT_SPAN("abd")));
	CHECK(!kt_guard_same(KT_SPAN("abcabc"), KT_SPAN("abc")));
	CHECK(!kt_guard_same(KT_SPAN("ab"), KT_SPAN("abc")));
	CHECK(!kt_guard_same(KT_SPAN(""), KT_SPAN("abc")));
	CHECK(!kt_guard_same(KT_SPAN(""), KT_SPAN("")));
	CHECK(!kt_guard_same(KT_SPAN("abc"), (struct kt_span){ 0 }));
}

TEST(tokens_are_found_in_their_headers)
{
	CHECK(kt_span_eq(kt_guard_bearer(KT_SPAN("Bearer  x.y ")), "x.y"));
	CHECK(kt_span_eq(kt_guard_bearer(KT_SPAN("bearer x")), "x"));
	CHECK(!kt_guard_bearer(KT_SPAN("Basic x")).n);
	CHECK(!kt_guard_bearer(KT_SPAN("Bearer")).n);
	CHECK(!kt_guard_bearer(KT_SPAN("")).n);
	CHECK(kt_span_eq(kt_guard_cookie(KT_SPAN("a=b; ktally=c; d"), "ktally"), "c"));
	CHECK(kt_span_eq(kt_guard_cookie(KT_SPAN("ktally=x=y"), "ktally"), "x=y"));
	CHECK(!kt_guard_cookie(KT_SPAN("xktally=c"), "ktally").n);
	CHECK(!kt_guard_cookie(KT_SPAN("ktally"), "ktally").n);
	CHECK(!kt_guard_cookie(KT_SPAN(";;;="), "ktally").n);
}

TEST(a_token_is_one_word_of_some_length)
{
	CHECK_INT(kt_guard_token(KT_SPAN("0123456789abcdef\nmore")).n, 16);
	CHECK_INT(kt_guard_token(KT_SPAN("  0123456789abcdef  \n")).n, 16);
	CHECK_INT(kt_guard_token(KT_SPAN("0123456789abcde")).n, 0);
	CHECK_INT(kt_guard_token(KT_SPAN("0123456789 abcdef")).n, 0);
	CHECK_INT(kt_guard_token(KT_SPAN("")).n, 0);
}

static struct kt_address address(const char *text)
{
	return kt_guard_address(text, 19998);
}

TEST(addresses_are_numbers_with_a_port_or_not)
{
	CHECK_INT(address("127.0.0.1").port, 19998);
	CHECK_INT(address("127.0.0.1:0").port, 0);
	CHECK_INT(address(":80").port, 80);
	CHECK_STR(address(":80").text, "127.0.0.1");
	CHECK_STR(address("localhost").text, "127.0.0.1");
	CHECK(address("[::1]:80").v6);
	CHECK_STR(address("[::1]:80").text, "::1");
	CHECK_INT(address("unix:/run/x").kind, KT_ADDRESS_UNIX);
	CHECK_STR(address("unix:/run/x").text, "/run/x");
	CHECK_INT(address("example.com").kind, KT_ADDRESS_BAD);
	CHECK_INT(address("127.0.0.1:65536").kind, KT_ADDRESS_BAD);
	CHECK_INT(address("127.0.0.1:").kind, KT_ADDRESS_BAD);
	CHECK_INT(address("[::1").kind, KT_ADDRESS_BAD);
	CHECK_INT(address("[]").kind, KT_ADDRESS_BAD);
	CHECK_INT(address("unix:relative").kind, KT_ADDRESS_BAD);
	CHECK_INT(address("unix:/").kind, KT_ADDRESS_BAD);
}

TEST(loopback_is_what_only_this_machine_reaches)
{
	struct kt_address one;

	one = address("127.9.9.9");
	CHECK(kt_guard_is_loopback(&one));
	one = address("[::1]");
	CHECK(kt_guard_is_loopback(&one));
	one = address("unix:/run/x");
	CHECK(kt_guard_is_loopback(&one));
	one = address("0.0.0.0");
	CHECK(!kt_guard_is_loopback(&one));
	one = address("[::]");
	CHECK(!kt_guard_is_loopback(&one));
	one = address("[::ffff:10.0.0.1]");
	CHECK(!kt_guard_is_loopback(&one));
}

TEST(values_are_short_texts)
{
	CHECK(kt_guard_value(KT_SPAN("")));
	CHECK(kt_guard_value(KT_SPAN("kmalloc-*")));
	CHECK(!kt_guard_value(KT_SPAN("a\nb")));
	CHECK(!kt_guard_value(KT_SPAN("a\x7f")));
}
