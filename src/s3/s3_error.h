/* Errors as S3 has them. */
#ifndef S3_S3_ERROR_H
#define S3_S3_ERROR_H

#include "base/err.h"

struct cx;
struct pair;
struct request;
struct response;

struct s3_code {
	int		 status;
	const char	*name;		/* "NoSuchKey" */
};

/* The status and code of a kind; 500 for what is none. */
struct s3_code	s3_error_code(enum err e);

/*
 * The answer that says what failed, as cx has it: its code (see s3_fail), its
 * public words, and of the n further elements in more those that are not
 * empty.  304 has no body.
 */
void		s3_error_render_more(struct cx *cx, const struct request *req,
		    struct response *res, const struct pair *more, size_t n);

#endif
