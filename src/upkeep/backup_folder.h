/* The folder of a backup: whether it is one, of which lake, and who uses it. */
#ifndef UPKEEP_BACKUP_FOLDER_H
#define UPKEEP_BACKUP_FOLDER_H

#include <stdbool.h>

#include "base/err.h"
#include "lake/ids.h"

struct cx;

/* Neither of two folders that are there lies in the other.  E_CONF, E_STORE. */
enum err	backup_folder_apart(struct cx *cx, const char *lake,
		    const char *backup);
/* What its form says: is it a backup, and of which lake?  E_CONF when the form
 * is none that this program knows. */
enum err	backup_folder_read(struct cx *cx, const char *dir,
		    struct uid *lake, bool *is_backup);
/*
 * Make it, or take the backup of this lake that is there; *lock is the caller's
 * and keeps others out until it is closed.  E_CONF: others may use it, or it is
 * something else; E_BUSY.
 */
enum err	backup_folder_take(struct cx *cx, const char *dir,
		    const char *lake, const struct uid *id, int *lock);
/* A backup's lock, where this process may take it: *lock is -1 elsewhere, as on
 * a disk that is read-only.  E_BUSY. */
enum err	backup_folder_lock(struct cx *cx, const char *dir, int *lock);

#endif
