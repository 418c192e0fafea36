# source.awk: what tests/lint/run asks of src, in one reading.
#
#	awk -f source.awk layers aliases exceptions src/*/*.[ch]
#
# With -v shrink=1 nothing is complained about; instead the rows of exceptions
# that are still needed are printed.

# Folders whose headers are all for others; else it is the one with the folder's
# name.  upkeep sees the engine from inside.
BEGIN { OPEN = "^(base|lake|net|tree)$" }

# What no row of exceptions hides.
function wrong(where, words) {
	if (!shrink)
		print where ": " words
	bad = 1
}

# What a row of exceptions may hide: the row is shown in brackets.
function complain(rule, subject, where, words) {
	if ((rule, subject) in excepted)
		needed[rule, subject] = 1
	else
		wrong(where, words " [" rule " " subject "]")
}

# ---- the tables, then the files ------------------------------------------

FNR == 1 {
	if (file ~ /^src/)
		file_ends()
	file = FILENAME
	n_lines = 0
	if (file ~ /^src/)
		file_begins()
}
/^#/ && file !~ /^src/ { next }
file ~ /layers$/ && NF > 0 {
	layer[$1] = $2
	for (i = 3; i <= NF; i++)
		hidden[$1, $i] = 1
}
file ~ /aliases$/ && NF > 0 {
	alias[$1] = alias[$1] " " $2
	alias_at[$1, $2] = FNR
}
file ~ /exceptions$/ && NF > 0 {
	excepted[$1, $2] = FNR
	row[++n_rows] = $1 " " $2
}
file ~ /^src/ { line() }

function file_begins(	part) {
	split(file, part, "/")
	folder = part[2]
	name = stem = part[3]
	sub(/\.[a-z]+$/, "", stem)
	module = folder "/" stem
	is_header = name ~ /\.h$/
	is_front = is_header &&
	    (stem == folder || folder ~ OPEN || name == "conf.h")
	in_comment = in_directive = depth = above = beside = 0
	statement = step = ""
	if (!(folder in layer))
		wrong(file, "the folder has no layer")
	if (!(stem in home_of))
		home_of[stem] = folder
	else if (home_of[stem] != folder)
		complain("stem", stem, file,
		    home_of[stem] " has a file of this name too")
	if (index(stems[folder] " ", " " stem " ") == 0)
		stems[folder] = stems[folder] " " stem
}

function file_ends() {
	if (n_lines > 900)
		wrong(file, n_lines " lines")
	else if (n_lines > 600)
		complain("long", name, file, n_lines " lines, of 600")
}

# ---- a line --------------------------------------------------------------

function line(	code, was_comment) {
	n_lines = FNR
	if ($0 ~ /[ \t]$/)
		wrong(file ":" FNR, "trailing blanks")
	if (columns($0) > 80)
		wrong(file ":" FNR, "over 80 columns")
	if ($0 ~ /^#include "/)
		include($0)
	was_comment = had_comment = in_comment
	code = code_of($0)
	if (in_directive || (code ~ /^#/ && !was_comment)) {
		in_directive = code ~ /\\$/
		if (code !~ /^#include/)
			uses(code)
	} else if (code ~ /[^ \t]/) {
		beside = had_comment
		uses(code)
		statements(code)
	} else if (had_comment && !in_comment)
		above = beside ? 0 : FNR
	else if (!had_comment)
		beside = 0
}

function columns(s,	n) {
	gsub(/[\300-\377][\200-\277]*/, "x", s)
	n = 0
	while (match(s, /\t/)) {
		n += RSTART - 1
		n += 8 - n % 8
		s = substr(s, RSTART + 1)
	}
	return n + length(s)
}

# The line without comments, and "" for what is quoted.
function code_of(s,	out, at, c) {
	out = ""
	for (;;) {
		if (in_comment) {
			at = index(s, "*/")
			if (!at)
				return out
			s = substr(s, at + 2)
			in_comment = 0
		}
		if (!match(s, /["']|\/[*]/))
			return out s
		out = out substr(s, 1, RSTART - 1)
		c = substr(s, RSTART, 1)
		s = substr(s, RSTART + 1)
		if (c == "/") {
			s = substr(s, 2)
			in_comment = had_comment = 1
			continue
		}
		if (c == "'")
			match(s, /^([^'\\]|\\.)*'/)
		else
			match(s, /^([^"\\]|\\.)*"/)
		s = substr(s, RLENGTH + 1)
		out = out "\"\""
	}
}

# ---- layers --------------------------------------------------------------

function include(s,	part, to) {
	split(s, part, "\"")
	if (split(part[2], part, "/") != 2 || part[1] == folder)
		return
	to = part[1]
	if (!(to in layer) || layer[to] + 0 >= layer[folder] + 0)
		wrong(file ":" FNR, to "/" part[2] " is not below")
	if ((folder, to) in hidden)
		wrong(file ":" FNR, to "/" part[2] " is not for " folder)
	if (to !~ OPEN && part[2] != to ".h" &&
	    !(to == "app" && part[2] == "conf.h") &&
	    !(to == "engine" && folder == "upkeep"))
		wrong(file ":" FNR,
		    to "/" part[2] " is not " to "'s front header")
}

# ---- what is declared, defined and used ----------------------------------

# Names in a .c file that may be functions: no members, no tags.
function uses(code,	n, i, word) {
	if (is_header)
		return
	gsub(/(->|\.) *[A-Za-z_0-9]+|struct +[a-z_0-9]+/, " ", code)
	n = split(code, word, /[^A-Za-z_0-9]+/)
	for (i = 1; i <= n; i++)
		if (word[i] ~ /_/)
			says[module, word[i]] = 1
}

# Cut into statements; of bodies only what lies outermost is looked at closely.
function statements(code,	c) {
	while (match(code, /[{};]/)) {
		c = substr(code, RSTART, 1)
		add(substr(code, 1, RSTART - 1))
		code = substr(code, RSTART + 1)
		if (depth > 0)
			step_ends()
		if (c == "{" && depth++ == 0)
			body_begins()
		else if (c == "}" && --depth == 0)
			body_ends()
		else if (c == ";" && depth == 0)
			statement_ends()
	}
	add(code)
}

function add(code) {
	if (code !~ /[^ \t]/)
		return
	if (depth > 0) {
		step = step " " code
		return
	}
	if (statement == "") {
		began = FNR
		commented = above > 0 && above == FNR - 1
	}
	statement = statement " " code
	commented = commented || had_comment
}

# A statement in a body.  What an operation does stands in its row.
function step_ends() {
	if (folder ~ /^(s3|api)$/ && function_at && step ~ \
	    /(strn?cmp|str_is|str_starts|[a-z0-9]+_listed)\(.*(->|\.)called/)
		complain("called", function_name, file ":" FNR,
		    function_name " goes by the name of an operation")
	step = ""
}

# The name before the first bracket.
function name_in(s) {
	match(s, /[A-Za-z_0-9]+\(/)
	return substr(s, RSTART, RLENGTH - 1)
}

function body_begins() {
	function_at = 0
	if (statement ~ /\)[ \t]*$/) {
		function_at = FNR
		function_name = name_in(statement)
		if (statement !~ /(^|[ \t])static[ \t]/)
			function_defined()
		else if (!is_header)
			static_defined()
	} else if (is_header &&
	    match(statement, /(^|[ \t])struct +[a-z_0-9]+[ \t]*$/)) {
		gsub(/.*struct +|[ \t]/, "", statement)
		tag_at[folder, statement] = file ":" FNR
	}
	statement = statement " {}"
}

function body_ends() {
	if (function_at) {
		if (FNR - function_at > 80)
			wrong(file ":" function_at, function_name " has " \
			    FNR - function_at " lines, of 80")
		statement = ""
	}
	function_at = 0
}

function function_defined() {
	defined[function_name] = module
	if (function_name != "main" && !is_of(function_name, stem))
		complain("prefix", function_name, file ":" FNR, function_name \
		    " does not begin with " stem ", nor an alias of it")
}

# In a stack trace a static function has its name alone.
function static_defined() {
	if ((function_name in static_in) && static_in[function_name] != file)
		wrong(file ":" FNR, function_name " is a function of " \
		    static_in[function_name] " too")
	static_in[function_name] = file
}

# Is it a name of this file: its stem, one of it or several, its folder where the
# stem begins so, or an alias?
function is_of(s, stem,	n, i, word, one, some) {
	one = stem
	sub(/e?s$/, "", one)
	some = stem
	sub(/s$/, "", some)
	if (begins(s, stem) || begins(s, one) || begins(s, some) ||
	    begins(s, stem "s") ||
	    (begins(stem, folder) && begins(s, folder)))
		return 1
	n = split(alias[stem], word, " ")
	for (i = 1; i <= n; i++)
		if (begins(s, word[i]))
			return alias_needed[stem, word[i]] = 1
	return 0
}
function begins(s, head) {
	return s == head || index(s, head "_") == 1
}

function statement_ends(	symbol) {
	if (is_front && !commented && statement ~ /\(/ &&
	    statement !~ /^[ \t]*(typedef|static|extern)[ \t]/ &&
	    statement !~ /[={]|\(\*/) {
		symbol = name_in(statement)
		complain("contract", symbol, file ":" began,
		    symbol " has no comment of its own")
	}
	statement = ""
}

# ---- at the end ----------------------------------------------------------

# A struct in a header begins with its folder, or as a file of it may.
function tags(	key, part, n, i, word, ok) {
	for (key in tag_at) {
		split(key, part, SUBSEP)
		folder = part[1]
		ok = begins(part[2], folder)
		n = split(stems[folder], word, " ")
		for (i = 1; i <= n; i++)
			ok = is_of(part[2], word[i]) || ok
		if (!ok)
			complain("tag", part[2], tag_at[key], "struct " part[2] \
			    " begins with no file of " folder)
	}
}

# Which module calls which, less what is excepted, must have no circles.  A row
# is needed when without it there is one more.
function circles(	key, pair, from, to, calls, i) {
	for (key in says) {
		split(key, pair, SUBSEP)
		if (!(pair[2] in defined))
			continue
		from = pair[1]
		to = defined[pair[2]]
		if (from == to)
			continue
		pair[1] = short(from) ">" short(to)
		if (("circle", pair[1]) in excepted)
			cut[pair[1]] = from ">" to
		else
			calls[from ">" to] = pair[2]
	}
	for (i = 1; i <= n_rows; i++) {
		key = row[i]
		if (!sub(/^circle /, "", key) || !(key in cut))
			continue
		split(cut[key], pair, ">")
		if (reaches(calls, pair[2], pair[1]))
			needed["circle", key] = 1
		else
			calls[cut[key]] = "…"
	}
	prune(calls)
	for (key in left) {
		split(key, pair, ">")
		if (reaches(left, pair[2], pair[1]))
			complain("circle", short(pair[1]) ">" short(pair[2]),
			    "src/" pair[1] ".c", "calls " calls[key] " of " \
			    pair[2] ".c, which comes back to it")
	}
}
function short(path) {
	sub(/.*\//, "", path)
	return path
}

# left: those calls whose ends call, and are called, on and on.
function prune(calls,	key, pair, ins, outs, again) {
	for (key in calls)
		left[key] = 1
	do {
		again = 0
		split("", ins)
		split("", outs)
		for (key in left) {
			split(key, pair, ">")
			outs[pair[1]] = ins[pair[2]] = 1
		}
		for (key in left) {
			split(key, pair, ">")
			if (!(pair[1] in ins) || !(pair[2] in outs)) {
				delete left[key]
				again = 1
			}
		}
	} while (again)
}
function reaches(calls, from, to,	seen, key, pair, again) {
	seen[from] = 1
	do {
		again = 0
		for (key in calls) {
			split(key, pair, ">")
			if ((pair[1] in seen) && !(pair[2] in seen))
				seen[pair[2]] = again = 1
		}
	} while (again && !(to in seen))
	return to in seen
}

END {
	file_ends()
	tags()
	circles()
	for (i = 1; i <= n_rows; i++) {
		split(row[i], part, " ")
		if (shrink && ((part[1], part[2]) in needed))
			print row[i]
		else if (!((part[1], part[2]) in needed))
			wrong("tests/lint/exceptions:" \
			    excepted[part[1], part[2]],
			    "nothing needs this row any more: " row[i])
	}
	for (key in alias_at)
		if (!(key in alias_needed)) {
			split(key, part, SUBSEP)
			wrong("tests/lint/aliases:" alias_at[key],
			    "nothing needs this row any more: " \
			    part[1] " " part[2])
		}
	exit bad
}
