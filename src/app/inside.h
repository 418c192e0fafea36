/* What the files of app share. */
#ifndef APP_INSIDE_H
#define APP_INSIDE_H

#include "api/api.h"
#include "app/app.h"
#include "http/http.h"
#include "s3/s3.h"

struct app {
	struct conf		 conf;
	struct kv		*kv;
	struct block		*block;
	struct engine		*eng;
	struct store		*store;
	struct auth		*auth;
	struct s3_opts		 s3;
	struct api_opts		 api;
	struct send_opts	 send;
	struct arena		*mem;		/* of the settings */
	bool			 access_log;
};

#endif
