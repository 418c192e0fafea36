/* The checksum of a backup's database, in a file beside it. */
#ifndef UPKEEP_BACKUP_SUM_H
#define UPKEEP_BACKUP_SUM_H

#include "base/err.h"

struct cx;

/* For the folder of a backup, whose lock the caller holds.  E_STORE. */

/* Before anything else: which file a backup that was killed has left counts. */
enum err	backup_sum_settle(struct cx *cx, const char *dir);
/* Record the database in new/, which is about to get its name, durably. */
enum err	backup_sum_put(struct cx *cx, const char *dir);
/* It has its name. */
enum err	backup_sum_name(struct cx *cx, const char *dir);

enum sum_verdict { SUM_GOOD, SUM_BAD, SUM_NONE };

/* Is this file, or a copy of it, the database that the backup in dir has
 * recorded?  SUM_NONE: it has recorded none, as older programs did not. */
enum err	backup_sum_check(struct cx *cx, const char *dir,
		    const char *db, enum sum_verdict *out);

#endif
