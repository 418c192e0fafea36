/* The clock and dates, without the C library's locale. */
#include "base/when.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/arena.h"

static const char day_names[] = "SunMonTueWedThuFriSat";
static const char month_names[] = "JanFebMarAprMayJunJulAugSepOctNovDec";

static int64_t
clock_us(clockid_t which)
{
	struct timespec	ts;

	/* Without a clock nothing expires, and signatures mean nothing. */
	if (clock_gettime(which, &ts) != 0)
		abort();
	return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

int64_t
when_now(void)
{
	return clock_us(CLOCK_REALTIME) / 1000;
}

int64_t
when_monotonic(void)
{
	return clock_us(CLOCK_MONOTONIC);
}

/*
 * UTC without the C library's time zone lock.  Years are counted from March,
 * so that the leap day is the last of its year; 400 of them are 146097 days.
 */
static struct tm
broken_down(int64_t ms)
{
	int64_t		secs = ms > 0 ? ms / 1000 : 0, days = secs / 86400;
	int64_t		shifted = days + 719468, era, year, day, month;
	struct tm	tm = { 0 };

	era = shifted / 146097;
	day = shifted % 146097;
	year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
	day -= 365 * year + year / 4 - year / 100;
	month = (5 * day + 2) / 153;
	tm.tm_mday = (int)(day - (153 * month + 2) / 5 + 1);
	tm.tm_mon = (int)(month < 10 ? month + 2 : month - 10);
	tm.tm_year = (int)(year + era * 400 + (tm.tm_mon < 2) - 1900);
	tm.tm_wday = (int)((days + 4) % 7);
	tm.tm_hour = (int)(secs / 3600 % 24);
	tm.tm_min = (int)(secs / 60 % 60);
	tm.tm_sec = (int)(secs % 60);
	return tm;
}

struct str
when_http(struct arena *mem, int64_t ms)
{
	struct tm	tm = broken_down(ms);

	return str_printf(mem, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT",
	    day_names + 3 * tm.tm_wday, tm.tm_mday, month_names + 3 * tm.tm_mon,
	    tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
}

static char *
put_digits(char *p, int v, int n)
{
	int	i;

	for (i = n - 1; i >= 0; i--, v /= 10)
		p[i] = (char)('0' + v % 10);
	return p + n;
}

/* By hand: a listing has a thousand of them. */
struct str
when_iso(struct arena *mem, int64_t ms)
{
	struct tm	tm = broken_down(ms);
	char		*z = arena_raw(mem, 25), *p = z;

	p = put_digits(p, tm.tm_year + 1900, 4);
	*p++ = '-';
	p = put_digits(p, tm.tm_mon + 1, 2);
	*p++ = '-';
	p = put_digits(p, tm.tm_mday, 2);
	*p++ = 'T';
	p = put_digits(p, tm.tm_hour, 2);
	*p++ = ':';
	p = put_digits(p, tm.tm_min, 2);
	*p++ = ':';
	p = put_digits(p, tm.tm_sec, 2);
	*p++ = '.';
	p = put_digits(p, (int)(ms % 1000), 3);
	*p++ = 'Z';
	*p = '\0';
	return (struct str){ z, (size_t)(p - z) };
}

struct str
when_amz(struct arena *mem, int64_t ms)
{
	struct tm	tm = broken_down(ms);

	return str_printf(mem, "%04d%02d%02dT%02d%02d%02dZ",
	    tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour,
	    tm.tm_min, tm.tm_sec);
}

static bool
valid(const struct tm *tm)
{
	return tm->tm_mon >= 0 && tm->tm_mon < 12 && tm->tm_mday >= 1 &&
	    tm->tm_mday <= 31 && tm->tm_hour < 24 && tm->tm_min < 60 &&
	    tm->tm_sec <= 60 && tm->tm_year >= 0;
}

static bool
digits(struct str s, size_t at, size_t n, int *out)
{
	uint64_t	v;

	if (at + n > s.n || !str_u64(str_to(str_from(s, at), n), 9999, &v))
		return false;
	*out = (int)v;
	return true;
}

static bool
when_seconds(struct tm *tm, int64_t *ms)
{
	tm->tm_year -= 1900;
	tm->tm_mon--;
	if (!valid(tm))
		return false;
	*ms = (int64_t)timegm(tm) * 1000;
	return true;
}

bool
when_http_parse(struct str s, int64_t *ms)
{
	struct tm	 tm = { 0 };
	const char	*m;

	if (s.n != 29 || !str_ends(s, STR(" GMT")) ||
	    !digits(s, 5, 2, &tm.tm_mday) || !digits(s, 12, 4, &tm.tm_year) ||
	    !digits(s, 17, 2, &tm.tm_hour) || !digits(s, 20, 2, &tm.tm_min) ||
	    !digits(s, 23, 2, &tm.tm_sec))
		return false;
	for (m = month_names; *m != '\0'; m += 3)
		if (memcmp(m, s.p + 8, 3) == 0)
			break;
	tm.tm_mon = (int)(m - month_names) / 3 + 1;
	return when_seconds(&tm, ms);
}

bool
when_iso_parse(struct str s, int64_t *ms)
{
	struct tm	tm = { 0 };
	int		part = 0;

	if (s.n < 20 || s.p[4] != '-' || s.p[7] != '-' || s.p[10] != 'T' ||
	    s.p[13] != ':' || s.p[16] != ':' || s.p[s.n - 1] != 'Z' ||
	    !digits(s, 0, 4, &tm.tm_year) || !digits(s, 5, 2, &tm.tm_mon) ||
	    !digits(s, 8, 2, &tm.tm_mday) || !digits(s, 11, 2, &tm.tm_hour) ||
	    !digits(s, 14, 2, &tm.tm_min) || !digits(s, 17, 2, &tm.tm_sec))
		return false;
	if (s.n > 20 && (s.p[19] != '.' || s.n < 24 ||
	    !digits(s, 20, 3, &part)))
		return false;
	if (!when_seconds(&tm, ms))
		return false;
	*ms += part;
	return true;
}

static bool
day_is_there(int year, int month, int day)
{
	static const int	most[] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
	    31, 30, 31 };
	bool			leap = year % 4 == 0 &&
	    (year % 100 != 0 || year % 400 == 0);

	return month >= 1 && month <= 12 && day >= 1 &&
	    day <= most[month - 1] + (leap && month == 2);
}

/* ".5" and so on, rounded up; none is 0. */
static bool
fraction_take(struct str *s, int *ms)
{
	size_t	n = 1;
	int	scale = 100;
	bool	more = false;

	*ms = 0;
	if (s->n == 0 || s->p[0] != '.')
		return true;
	for (; n < s->n && s->p[n] >= '0' && s->p[n] <= '9'; n++) {
		*ms += (s->p[n] - '0') * scale;
		more = more || (scale == 0 && s->p[n] != '0');
		scale /= 10;
	}
	*ms += more;
	*s = str_from(*s, n);
	return n > 1;
}

/* "Z", or "+02:00": minutes east of Greenwich. */
static bool
offset_parse(struct str s, int *minutes)
{
	int	hour, minute;

	*minutes = 0;
	if (str_is_nocase(s, STR("Z")))
		return true;
	if (s.n != 6 || (s.p[0] != '+' && s.p[0] != '-') || s.p[3] != ':' ||
	    !digits(s, 1, 2, &hour) || !digits(s, 4, 2, &minute) ||
	    hour > 23 || minute > 59)
		return false;
	*minutes = (hour * 60 + minute) * (s.p[0] == '+' ? 1 : -1);
	return true;
}

bool
when_rfc3339_parse(struct str s, int64_t *ms)
{
	struct tm	tm = { 0 };
	struct str	rest = str_from(s, 19);
	int		part, minutes;

	if (s.n < 20 || s.p[4] != '-' || s.p[7] != '-' ||
	    (s.p[10] != 'T' && s.p[10] != 't') || s.p[13] != ':' ||
	    s.p[16] != ':' || !digits(s, 0, 4, &tm.tm_year) ||
	    !digits(s, 5, 2, &tm.tm_mon) || !digits(s, 8, 2, &tm.tm_mday) ||
	    !digits(s, 11, 2, &tm.tm_hour) || !digits(s, 14, 2, &tm.tm_min) ||
	    !digits(s, 17, 2, &tm.tm_sec) ||
	    !day_is_there(tm.tm_year, tm.tm_mon, tm.tm_mday) ||
	    tm.tm_hour > 23 || tm.tm_min > 59 || tm.tm_sec > 60 ||
	    !fraction_take(&rest, &part) || !offset_parse(rest, &minutes))
		return false;
	tm.tm_year -= 1900;
	tm.tm_mon--;
	*ms = ((int64_t)timegm(&tm) - minutes * 60) * 1000 + part;
	return true;
}

bool
when_amz_parse(struct str s, int64_t *ms)
{
	struct tm	tm = { 0 };

	if (s.n != 16 || s.p[8] != 'T' || s.p[15] != 'Z' ||
	    !digits(s, 0, 4, &tm.tm_year) || !digits(s, 4, 2, &tm.tm_mon) ||
	    !digits(s, 6, 2, &tm.tm_mday) || !digits(s, 9, 2, &tm.tm_hour) ||
	    !digits(s, 11, 2, &tm.tm_min) || !digits(s, 13, 2, &tm.tm_sec))
		return false;
	return when_seconds(&tm, ms);
}
