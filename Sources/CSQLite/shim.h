#include <sqlite3.h>

/* Settings of a connection to a database that is not trusted. sqlite3_db_config has an open list of
   arguments, which Swift cannot call. */
static inline int reprise_sqlite_distrust(sqlite3 *database) {
  static const struct { int option, value; } settings[] = {
    {SQLITE_DBCONFIG_DEFENSIVE, 1},
    {SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0},
    {SQLITE_DBCONFIG_ENABLE_VIEW, 0},
    {SQLITE_DBCONFIG_ENABLE_TRIGGER, 0},
    {SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0},
    {SQLITE_DBCONFIG_DQS_DML, 0},
  };
  for (unsigned index = 0; index < sizeof settings / sizeof *settings; index++) {
    int result = sqlite3_db_config(
        database, settings[index].option, settings[index].value, (int *)0);
    if (result != SQLITE_OK) return result;
  }
  return SQLITE_OK;
}
