/* Whose request it is: the address of the client, behind proxies or not. */
#include "http/http.h"

#include <arpa/inet.h>
#include <string.h>

#include "base/cx.h"
#include "base/fault.h"
#include "base/vec.h"

enum { BITS = 128, BITS_BEFORE_IPV4 = 96 };

static const struct address	ipv4_prefix = { { [10] = 0xff, [11] = 0xff } };

static bool
is_ipv4(const struct address *a)
{
	return memcmp(a, &ipv4_prefix, BITS_BEFORE_IPV4 / 8) == 0;
}

bool
address_parse(struct str text, struct address *out)
{
	char	z[INET6_ADDRSTRLEN];

	/* The zone of a link-local address names an interface of ours. */
	text = str_to(text, str_find(text, '%'));
	if (text.n == 0 || text.n >= sizeof z)
		return false;
	memcpy(z, text.p, text.n);
	z[text.n] = '\0';
	*out = ipv4_prefix;
	return inet_pton(AF_INET, z, out->bytes + BITS_BEFORE_IPV4 / 8) == 1 ||
	    inet_pton(AF_INET6, z, out->bytes) == 1;
}

struct str
address_text(struct cx *cx, const struct address *a)
{
	char	z[INET6_ADDRSTRLEN] = "";

	if (is_ipv4(a))
		inet_ntop(AF_INET, a->bytes + BITS_BEFORE_IPV4 / 8, z,
		    sizeof z);
	else
		inet_ntop(AF_INET6, a->bytes, z, sizeof z);
	return str_dup(cx->mem, str_of(z));
}

struct str
address_network(const struct address *a)
{
	return (struct str){ (const char *)a->bytes,
	    is_ipv4(a) ? sizeof a->bytes : 8 };
}

static bool
has_prefix(const struct address *a, const struct address *net, unsigned bits)
{
	unsigned	whole = bits / 8, rest = bits % 8;

	return memcmp(a, net, whole) == 0 && (rest == 0 ||
	    ((a->bytes[whole] ^ net->bytes[whole]) >> (8 - rest)) == 0);
}

static bool
is_loopback(const struct address *a)
{
	static const struct address	v6 = { { [15] = 1 } };

	return (is_ipv4(a) && a->bytes[12] == 127) ||
	    memcmp(a, &v6, sizeof v6) == 0;
}

struct network {
	struct address	address;
	unsigned	bits;
};

struct proxies {
	struct network	*at;
	size_t		 n;
	bool		 local;	/* "unix": whoever reaches a socket file */
	bool		 none;	/* "none": forwarding headers mean nothing */
};

/* 192.0.2.7, 10.0.0.0/8, 2001:db8::/32 */
static bool
network_parse(struct str text, struct network *out)
{
	size_t		slash = str_find(text, '/');
	uint64_t	bits;
	unsigned	before;

	if (!address_parse(str_to(text, slash), &out->address))
		return false;
	before = str_find(text, ':') < slash ? 0 : BITS_BEFORE_IPV4;
	if (slash == text.n)
		bits = BITS - before;
	else if (!str_u64(str_from(text, slash + 1), BITS - before, &bits))
		return false;
	out->bits = before + (unsigned)bits;
	return true;
}

enum err
proxies_parse(struct cx *cx, struct str text, struct proxies **out)
{
	VEC(struct network)	 networks = { 0 };
	struct proxies		*p = arena_get(cx->mem, sizeof *p);
	struct str		 one;

	memset(p, 0, sizeof *p);
	while (str_split(&text, ' ', &one)) {
		if (one.n == 0)
			continue;
		if (str_is(one, STR("unix")))
			p->local = true;
		else if (str_is(one, STR("none")))
			p->none = true;
		else if (!network_parse(one, VEC_PUSH(cx->mem, &networks)))
			return fail(cx, E_CONF, "trusted_proxies: \"%.*s\" is "
			    "no address, network (10.0.0.0/8), \"unix\" or "
			    "\"none\"", STRF(one));
	}
	p->at = networks.at;
	p->n = networks.n;
	if (p->none && (p->n > 0 || p->local))
		return fail(cx, E_CONF, "trusted_proxies: \"none\" stands "
		    "alone");
	*out = p;
	return OK;
}

/* One station on the way: an address, a socket file, or nothing we know. */
struct station {
	enum { STATION_HIDDEN, STATION_LOCAL, STATION_ADDRESS } kind;
	struct address	address;
};

static bool
is_trusted(const struct proxies *p, const struct station *s)
{
	size_t	i;

	if (s->kind != STATION_ADDRESS)
		return s->kind == STATION_LOCAL && p->local;
	for (i = 0; i < p->n; i++)
		if (has_prefix(&s->address, &p->at[i].address, p->at[i].bits))
			return true;
	return false;
}

/* 192.0.2.7, 192.0.2.7:80, 2001:db8::7, [2001:db8::7]:80; [RFC 7239 6] in
 * quotes; nginx says unix: of a socket file. */
static struct station
station_parse(struct str text)
{
	struct station	s = { .kind = STATION_HIDDEN };
	size_t		colon, close;

	text = str_trim(text);
	if (text.n >= 2 && text.p[0] == '"' && text.p[text.n - 1] == '"')
		text = (struct str){ text.p + 1, text.n - 2 };
	colon = str_find(text, ':');
	close = str_find(text, ']');
	if (str_is(text, STR("unix:")))
		s.kind = STATION_LOCAL;
	else if (text.n > 0 && text.p[0] == '[' && close < text.n)
		text = str_to(str_from(text, 1), close - 1);
	else if (str_find(str_from(text, colon + 1), ':') + colon + 1 >=
	    text.n)
		text = str_to(text, colon);
	if (s.kind == STATION_HIDDEN && address_parse(text, &s.address))
		s.kind = STATION_ADDRESS;
	return s;
}

/* What the server says of the peer; without a network there is no address. */
static struct station
peer_of(struct str remote)
{
	struct station	s = { .kind = STATION_HIDDEN };

	if (address_parse(remote, &s.address))
		s.kind = STATION_ADDRESS;
	else if (remote.n == 0 || remote.p[0] == '/' ||
	    str_is(remote, STR("unix:")))
		s.kind = STATION_LOCAL;
	return s;
}

/* Of a Forwarded element the value of "for".  [RFC 7239 4] */
static struct str
forwarded_for(struct str element)
{
	struct str	one;

	while (str_split(&element, ';', &one)) {
		one = str_trim(one);
		if (str_take_nocase(&one, STR("for=")))
			return one;
	}
	return STR("");
}

/* Cut the last element of a list off; false when nothing is left.  From the
 * right: what is left of it a client may have written. */
static bool
list_pop(struct str *list, struct str *last)
{
	size_t	at = list->n;

	if (list->p == NULL)
		return false;
	while (at > 0 && list->p[at - 1] != ',')
		at--;
	*last = str_trim(str_from(*list, at));
	*list = at > 0 ? str_to(*list, at - 1) : (struct str){ NULL, 0 };
	return true;
}

/* The last station that no trusted proxy is; none is hidden. */
static struct station
walk_back(const struct proxies *p, struct str list, bool is_forwarded)
{
	struct station	s = { .kind = STATION_HIDDEN };
	struct str	one;

	while (list_pop(&list, &one)) {
		if (one.n == 0)
			continue;
		s = station_parse(is_forwarded ? forwarded_for(one) : one);
		if (!is_trusted(p, &s))
			return s;
	}
	s.kind = STATION_HIDDEN;
	return s;
}

static bool
is_forwarding(struct str name)
{
	static const char *const	names[] = { "x-forwarded-for",
	    "forwarded", "x-real-ip", "via" };
	size_t				i;

	for (i = 0; i < sizeof names / sizeof names[0]; i++)
		if (str_is(name, str_of(names[i])))
			return true;
	return false;
}

void
client_find(struct cx *cx, const struct proxies *p, struct request *req)
{
	struct client	*c = &req->client;
	struct station	 s = peer_of(req->remote);
	struct str	 list = request_header(req, "x-forwarded-for");
	bool		 is_forwarded = list.p == NULL, forwarded = false;
	size_t		 i;

	for (i = 0; i < req->n_headers; i++)
		forwarded = forwarded || is_forwarding(req->headers[i].name);
	c->near = !forwarded && p->n == 0 && !p->local &&
	    s.kind == STATION_ADDRESS && is_loopback(&s.address);
	if (is_forwarded)
		list = request_header(req, "forwarded");
	if (is_trusted(p, &s))
		s = walk_back(p, list, is_forwarded);
	else if (!fault_skip("CLIENT_UNNAMED") && forwarded && !p->none)
		s.kind = STATION_HIDDEN;
	c->known = s.kind == STATION_ADDRESS;
	c->address = s.address;
	c->name = c->known ? address_text(cx, &s.address) : STR("-");
}
