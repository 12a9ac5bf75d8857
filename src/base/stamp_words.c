// SPDX-License-Identifier: GPL-2.0-or-later
#include "base/stamp_words.h"

#include "base/attr.h"

#include <string.h>

/*
 * Months in English, German, French, Spanish and Italian, whole and as date(1) shortens them. The
 * words of a month are on one line.
 */
static const char *const months[] = {
	"jan january januar janv janvier ene enero gen gennaio",
	"feb february februar fév févr février febrero febbraio",
	"mar march mär märz mars marzo",
	"apr april avr avril abr abril aprile",
	"may mai mayo mag maggio",
	"jun june juni juin junio giu giugno",
	"jul july juli juil juillet julio lug luglio",
	"aug august aoû août ago agosto",
	"sep sept september septembre septiembre set settembre",
	"oct october okt oktober octobre octubre ott ottobre",
	"nov november novembre noviembre",
	"dec december dez dezember déc décembre dic diciembre dicembre",
};

/* Words that may be on a line with nothing but a time: days of the week, and labels. */
static const char labels[] =
	"mon tue wed thu fri sat sun monday tuesday wednesday thursday friday saturday sunday tues "
	"thur thurs mo di mi do fr sa so montag dienstag mittwoch donnerstag freitag samstag "
	"sonntag lun mar mer jeu ven sam dim lundi mardi mercredi jeudi vendredi samedi dimanche "
	"mie jue vie dom gio sab zzz date time timestamp datetime ts at on sample samples snapshot "
	"iteration taken now utc epoch start begin run cron echo the of uhr le um clock loop poll "
	"collected capture captured memory mem stats log s ms unix";

/* Whether one of the words is this one, in any case. */
static bool is_in(const char *words, struct kt_span word)
{
	char lower[16];

	if (!word.n || word.n >= sizeof(lower))
		return false;
	for (size_t i = 0; i < word.n; i++)
		lower[i] =
			word.p[i] >= 'A' && word.p[i] <= 'Z' ? (char)(word.p[i] + 32) : word.p[i];
	lower[word.n] = '\0';
	return kt_span_has_word(kt_span_str(words), lower);
}

int kt_stamp_month(struct kt_span word)
{
	/* most words of a text are no month: the first letter shows it for half of them */
	if (word.n < 3 || !strchr("jfmasondegJFMASONDEG", word.p[0]))
		return 0;
	for (size_t i = 0; i < KT_LEN(months); i++) {
		if (is_in(months[i], word))
			return (int)i + 1;
	}
	return 0;
}

bool kt_stamp_is_label(struct kt_span word)
{
	return is_in(labels, word);
}

/* Names as most readers take them: some name several zones (IST, CST, BST). */
static const struct {
	const char *name;
	int minutes;
} zones[] = { { "CET", 60 }, { "CEST", 120 }, { "MEZ", 60 }, { "MESZ", 120 }, { "WET", 0 },
	{ "WEST", 60 }, { "BST", 60 }, { "IST", 330 }, { "EET", 120 }, { "EEST", 180 },
	{ "MSK", 180 }, { "EST", -300 }, { "EDT", -240 }, { "CST", -360 }, { "CDT", -300 },
	{ "MST", -420 }, { "MDT", -360 }, { "PST", -480 }, { "PDT", -420 }, { "AKST", -540 },
	{ "HST", -600 }, { "JST", 540 }, { "KST", 540 }, { "SGT", 480 }, { "HKT", 480 },
	{ "AEST", 600 }, { "AEDT", 660 }, { "NZST", 720 }, { "NZDT", 780 }, { "SAST", 120 } };

bool kt_stamp_zone(struct kt_span word, int *ret_minutes)
{
	for (size_t i = 0; i < KT_LEN(zones); i++) {
		if (kt_span_eq(word, zones[i].name)) {
			*ret_minutes = zones[i].minutes;
			return true;
		}
	}
	return false;
}
