/*
 * The baseline: a FastCGI program with as many threads, which reads the body
 * and answers from memory.  What it costs is what any answer costs here.
 */
#include <fcgiapp.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static char	*answer;
static size_t	 length;

static void *
loop(void *arg)
{
	FCGX_Request	r;
	char		window[65536];

	(void)arg;
	FCGX_InitRequest(&r, 0, 0);
	while (FCGX_Accept_r(&r) == 0) {
		while (FCGX_GetStr(window, sizeof window, r.in) > 0)
			continue;
		FCGX_FPrintF(r.out, "Status: 200 OK\r\nContent-Type: "
		    "binary/octet-stream\r\nContent-Length: %lu\r\n\r\n",
		    (unsigned long)length);
		FCGX_PutStr(answer, (int)length, r.out);
		FCGX_Finish_r(&r);
	}
	return NULL;
}

int
main(void)
{
	const char	*size = getenv("BENCH_SIZE");
	pthread_t	 t;
	int		 i;

	length = size != NULL ? strtoul(size, NULL, 10) : 1024;
	answer = malloc(length + 1);
	memset(answer, 'x', length);
	FCGX_Init();
	for (i = 0; i < 15; i++)
		pthread_create(&t, NULL, loop, NULL);
	loop(NULL);
	return 0;
}
