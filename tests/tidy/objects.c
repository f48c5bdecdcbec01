/* tests/tidy/objects.c - what the compiled objects import: the doors to heap, files, clock and
 * network. SPDX-License-Identifier: Apache-2.0
 *
 * Text can hide a call in a macro; an object file cannot. The release build's objects are asked
 * with nm.
 */
#include "tests/tidy/tidy.h"

#include <stdio.h>

/* Functions with one door. Only an object whose file name begins with `door` may import them. */
static const struct door {
    const char *door, *instead, *functions; /* separated by blanks, with one at both ends */
} doors[] = {
    {"memory.c", "agent/memory.h or an arena",
     " malloc calloc realloc reallocarray free posix_memalign aligned_alloc strdup strndup "
     "asprintf vasprintf "},
    {"port_files", "the files port",
     " open open64 openat openat64 creat fopen fopen64 freopen opendir readdir readdir64 stat "
     "lstat fstat statx "
     "pread pread64 pwrite pwrite64 unlink unlinkat rename renameat mkdir ftruncate ftruncate64 "
     "fsync fdatasync "
     "inotify_init inotify_init1 inotify_add_watch glob "},
    {"port_clock", "the clock port",
     " time gettimeofday clock_gettime nanosleep clock_nanosleep usleep sleep getrandom getentropy "
     "rand random "
     "srand drand48 "},
    {"port_", "the exchange or listener port",
     " socket connect bind listen accept accept4 getaddrinfo gethostbyname send sendto recv "
     "recvfrom "},
    {"nobody", "snprintf, struct str or struct buffer",
     " strcpy stpcpy strcat strncpy strncat sprintf vsprintf strtok strtok_r gets atoi atol atof "
     "scanf sscanf "
     "alloca system popen "},
};

/* What a plugin may take from the C library: functions of their arguments alone. */
static const char pure[] = " memcpy memmove memset memcmp memchr memrchr memmem strlen strcmp "
                           "strncmp strchr strrchr strstr strnlen "
                           "snprintf vsnprintf qsort bsearch abs labs log log2 log10 exp pow floor "
                           "ceil round lround llround fabs fmod "
                           "isinf isnan strtod strtol strtoul strtoll strtoull abort "
                           "errno_location ctype_b_loc ctype_tolower_loc strerror strerror_r "
                           "gmtime_r timegm strftime stack_chk_fail GLOBAL_OFFSET_TABLE_ ";

static bool is_word_of(const char *words, struct str word)
{
    char spaced[128];
    snprintf(spaced, sizeof spaced, " %.*s ", STR_ARG(word));
    return str_find_str(str_from(words), str_from(spaced)) != SIZE_MAX;
}

/* __snprintf_chk is snprintf, __isoc99_sscanf is sscanf, open@GLIBC_2.2 is open. */
static struct str plain_name(struct str symbol)
{
    symbol = str_cut(symbol, '@').head;
    while (str_starts(symbol, STR("_")))
        symbol = str_skip(symbol, 1);
    if (str_starts(symbol, STR("isoc99_")))
        symbol = str_skip(symbol, 7);
    if (str_ends(symbol, STR("_chk")))
        symbol.len -= 4;
    return symbol;
}

static void check_import(struct str source, struct str symbol)
{
    struct str name = str_cut_last(source, '/').tail;
    for (size_t i = 0; i < sizeof doors / sizeof *doors; i++)
        if (is_word_of(doors[i].functions, plain_name(symbol)) &&
            !str_starts(name, str_from(doors[i].door)))
            complain(source, 0, "imports %.*s; use %s", STR_ARG(symbol), doors[i].instead);
}

/* A plugin imports what the agent or its own room's formats define, and pure functions. */
static void check_plugin_import(struct str source, struct str symbol, struct str defined)
{
    char line[256];
    snprintf(line, sizeof line, "\n%.*s\n", STR_ARG(symbol));
    if (str_find_str(defined, str_from(line)) == SIZE_MAX && !is_word_of(pure, plain_name(symbol)))
        complain(source, 0, "imports %.*s; a plugin imports the functions of agent/weir.h alone",
                 STR_ARG(symbol));
}

/* nm -A -u prints "CMakeFiles/core.dir/agent/data/str.c.o:                 U memcmp". */
static void check_imports(struct str lines, struct str directory, struct str defined)
{
    while (lines.len > 0) {
        struct cut cut = str_cut(lines, '\n');
        lines = cut.tail;
        struct cut object = str_cut_str(cut.head, STR(".o:"));
        struct str symbol = str_trim(object.tail);
        if (!object.found || !str_starts(symbol, STR("U ")))
            continue;
        symbol = str_trim(str_skip(symbol, 2));
        struct str source = str_skip(object.head, directory.len + 1);
        check_import(source, symbol);
        if (defined.len > 0 && !str_starts(source, STR("agent/")))
            check_plugin_import(source, symbol, defined);
    }
}

static bool imports_of(const struct tree *tree, const char *directory, struct str *ret)
{
    return output_of(ret, "cd '%s' && find %s -name '*.c.o' | sort | xargs -r nm -A -u",
                     tree->build, directory);
}

void check_objects(const struct tree *tree)
{
    struct str imports, defined;
    struct str core = STR("CMakeFiles/core.dir"), plugins = STR("CMakeFiles/plugins.dir");
    if (!imports_of(tree, core.at, &imports)) {
        complain(str_from(tree->build), 0,
                 "has no objects to look at; build first, with nm at hand (binutils)");
        return;
    }
    check_imports(imports, core, (struct str){0});
    if (!output_of(
            &defined,
            "cd '%s' && echo && "
            "find %s %s -name '*.c.o' -path '*/agent/*' -o -name '*.c.o' -path '*/formats/*' | "
            "xargs -r nm --defined-only --extern-only --format=just-symbols && echo",
            tree->build, core.at, plugins.at) ||
        !imports_of(tree, plugins.at, &imports)) {
        complain(str_from(tree->build), 0, "has objects that nm cannot read; build again");
        return;
    }
    check_imports(imports, plugins, defined);
}
