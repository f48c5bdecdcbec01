/* agent/config/outside.c - files, the environment, and what variables stand for.
 * SPDX-License-Identifier: Apache-2.0
 */
#include "agent/config/outside.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "agent/config/strings.h"
#include "agent/config/syntax.h"
#include "agent/config/term.h"
#include "agent/limits.h"
#include "agent/ports/files.h"

static enum code read_all(struct context *context, int fd, size_t size, struct str *ret,
                          struct why *why)
{
    const struct files *files = context->options->files;
    char *to = arena_take(context->arena, size + 1);
    size_t len = 0, got = 1;
    if (!to)
        return fail(why, OVER_LIMIT, "there is no memory left");
    while (len < size && got > 0) {
        int error = files->read(files->self, fd, to + len, size - len, len, &got);
        if (error)
            return fail_sys(why, error, "cannot be read");
        len += got;
    }
    to[len] = '\0';
    *ret = (struct str){to, len};
    return OK;
}

enum code outside_read(struct context *context, const char *path, struct str *ret, struct why *why)
{
    const struct files *files = context->options->files;
    int fd;
    struct file_facts facts;
    if (!files)
        return fail(why, BAD_CONFIG, "files cannot be read here");
    int error = files->open(files->self, path, FILE_READ | FILE_FOLLOW, &fd);
    if (error == EINVAL || error == EISDIR)
        return fail(why, BAD_CONFIG, "is no file that can be read");
    if (error)
        return fail_sys(why, error, "cannot be opened");
    enum code code;
    error = files->facts(files->self, fd, &facts);
    if (error)
        code = fail_sys(why, error, "cannot be looked at");
    else if (facts.size > CONFIG_BYTES_MAX)
        code = fail(why, BAD_CONFIG, "has more than %d bytes", CONFIG_BYTES_MAX);
    else
        code = read_all(context, fd, (size_t)facts.size, ret, why);
    files->close(files->self, fd);
    return code;
}

const char *outside_path(struct context *context, const char *from, struct str path)
{
    struct cut cut = str_cut_last(str_from(from), '/');
    if (!cut.found || str_starts(path, STR("/")))
        return context_copy(context, path).at;
    return context_format(context, "%.*s/%.*s", STR_ARG(cut.head), STR_ARG(path)).at;
}

/* --- values from outside --------------------------------------------------------------- */

static struct syntax *make(struct context *context, enum syntax_kind kind, struct span span)
{
    struct syntax *made = context_take(context, sizeof *made);
    *made = (struct syntax){.kind = kind, .span = span, .text = span_text(span)};
    return made;
}

static const struct syntax *broken(struct context *context, const struct syntax *value)
{
    return make(context, SYNTAX_BROKEN, value->span);
}

static bool takes_text(enum setting_kind kind)
{
    return kind == SETTING_TEXT || kind == SETTING_SECRET || kind == SETTING_TEMPLATE ||
           kind == SETTING_CHOICE || kind == SETTING_EXPR;
}

/* "a, b c" as a list of three. */
static struct syntax *words_of(struct context *context, const struct source_text *source)
{
    struct syntax *list =
        make(context, SYNTAX_LIST, (struct span){source, 0, (uint32_t)source->text.len});
    struct syntax **end = &list->items;
    for (size_t at = 0; at < source->text.len;) {
        size_t len = 0;
        while (at + len < source->text.len && !memchr(", \t\r\n", source->text.at[at + len], 5))
            len++;
        if (len) {
            *end = make(context, SYNTAX_TEXT, (struct span){source, (uint32_t)at, (uint32_t)len});
            end = &(*end)->next;
        }
        at += len + 1;
    }
    return list;
}

/* The text is read as the setting's kind; it may be a secret, so no message shows it. */
static const struct syntax *as_kind(struct context *context, const struct syntax *call,
                                    struct str text, const struct setting *row,
                                    enum setting_kind kind)
{
    struct str name = context_copy(context, span_text(call->span));
    struct source_text *source = source_add(context->diagnostics, name.at, text);
    if (!source)
        return broken(context, call);
    struct span all = {source, 0, (uint32_t)text.len};
    source_hide(context->diagnostics, all);
    struct syntax *value;
    if (takes_text(kind))
        value = make(context, SYNTAX_TEXT, all);
    else if (kind == SETTING_LIST && row && takes_text(row->item) && row->item != SETTING_EXPR)
        value = words_of(context, source);
    else
        return parse_value_text(context, source);
    value->from_outside = true;
    return value;
}

static const char *argument(const struct syntax *call, size_t index, struct str *ret)
{
    const struct syntax *item = call->items;
    while (item && index-- > 0)
        item = item->next;
    if (!item || item->kind != SYNTAX_TEXT)
        return NULL;
    *ret = item->text;
    return item->text.at;
}

static const struct syntax *from_environment(struct context *context, const struct syntax *call,
                                             const struct setting *row, enum setting_kind kind)
{
    struct str name, otherwise;
    if (!argument(call, 0, &name)) {
        struct diagnostic *error = diagnose_error(context->diagnostics, call->span,
                                                  "env takes the name of a variable in quotes");
        diagnose_hint(context->diagnostics, error,
                      "write env(\"NAME\") or env(\"NAME\", \"default\")");
        return broken(context, call);
    }
    if (call->items->next && ((row && row->secret) || kind == SETTING_SECRET))
        source_hide(context->diagnostics, call->items->next->span);
    const char *(*env)(const char *) = context->options->env;
    const char *z = context_copy(context, name).at;
    const char *text = env ? env(z) : getenv(z);
    if (text)
        return as_kind(context, call, context_copy(context, str_from(text)), row, kind);
    if (argument(call, 1, &otherwise))
        return as_kind(context, call, otherwise, row, kind);
    struct diagnostic *said =
        context->options->lenient
            ? diagnose_warning(context->diagnostics, call->span,
                               "the environment has no %s; a start would fail", z)
            : diagnose_error(context->diagnostics, call->span, "the environment has no %s", z);
    diagnose_hint(context->diagnostics, said, "set it, or write env(\"%s\", \"default\")", z);
    return broken(context, call);
}

static const struct syntax *from_file(struct context *context, const struct syntax *call,
                                      const struct setting *row, enum setting_kind kind)
{
    struct str path, text;
    struct why why;
    if (!argument(call, 0, &path)) {
        struct diagnostic *error =
            diagnose_error(context->diagnostics, call->span, "file takes a path in quotes");
        diagnose_hint(context->diagnostics, error, "write file(\"/run/secrets/key\")");
        return broken(context, call);
    }
    const char *z = outside_path(context, call->span.source->name, path);
    if (outside_read(context, z, &text, &why) != OK) {
        diagnose_error(context->diagnostics, call->span, "%s %s", z, why.text);
        return broken(context, call);
    }
    while (text.len && (text.at[text.len - 1] == '\n' || text.at[text.len - 1] == '\r'))
        text.len--;
    return as_kind(context, call, text, row, kind);
}

/* Among those set before `limit`; a mistake is told. */
static const struct let *let_find(struct context *context, const struct syntax *variable,
                                  unsigned limit)
{
    struct nearest nearest = nearest_to(variable->text);
    for (const struct let *let = context->lets; let; let = let->next) {
        if (str_equal(let->name, variable->text) && let->order < limit)
            return let;
        nearest_try(&nearest, let->name);
    }
    struct diagnostic *error =
        diagnose_error(context->diagnostics, variable->span, "nothing sets $%.*s%s",
                       STR_ARG(variable->text), limit == UINT32_MAX ? "" : " above this let");
    struct str near = nearest_found(&nearest);
    if (near.len && !str_equal(near, variable->text))
        diagnose_hint(context->diagnostics, error, "did you mean $%.*s?", STR_ARG(near));
    else
        diagnose_hint(context->diagnostics, error, "write let $%.*s = ... above",
                      STR_ARG(variable->text));
    return NULL;
}

static bool sees_only(struct context *context, const struct syntax *value, unsigned limit)
{
    bool is_fine = value->kind != SYNTAX_VARIABLE || let_find(context, value, limit);
    for (const struct syntax *item = value->items; item; item = item->next)
        is_fine &= sees_only(context, item, limit);
    return is_fine;
}

void lets_check(struct context *context)
{
    for (struct let *let = context->lets; let; let = let->next)
        if (!sees_only(context, let->value, let->order))
            let->value = broken(context, let->value);
}

static void note_unset(struct context *context, struct span written)
{
    struct unset *unset = context_take(context, sizeof *unset);
    *unset = (struct unset){.span = written, .next = context->unsets};
    context->unsets = unset;
}

bool config_is_unset(const struct config *config, struct span written)
{
    for (const struct unset *unset = config->unsets; unset; unset = unset->next)
        if (unset->span.source == written.source && unset->span.at >= written.at &&
            unset->span.at - written.at < written.len)
            return true;
    return false;
}

const struct syntax *value_resolve(struct context *context, const struct syntax *value,
                                   const struct setting *row, enum setting_kind kind)
{
    const struct syntax *written = value;
    while (value->kind == SYNTAX_VARIABLE) { /* ends: a let sees only those before it */
        const struct let *let = let_find(context, value, UINT32_MAX);
        value = let ? let->value : broken(context, value);
    }
    if (value->kind != SYNTAX_CALL)
        return value;
    if (str_equal(value->text, STR("env"))) {
        value = from_environment(context, value, row, kind);
        if (value->kind == SYNTAX_BROKEN)
            note_unset(context, written->span);
        return value;
    }
    if (str_equal(value->text, STR("file")))
        return from_file(context, value, row, kind);
    return value;
}
