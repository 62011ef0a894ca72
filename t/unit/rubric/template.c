
/*
 * A template is cut into its parts exactly, with text escaped for JSON; braces
 * that are no name stay text, so that prompts may show JSON; and a name that
 * is wrong is told with its place and with what would be right.
 */

#include "tap.h"
#include "review/rubric/template.h"
#include "review/base/utf8.h"


static const char *const  kinds[] = {
    "text", "chunk", "heading", "references", "answer", "id", "title",
    "question", "severity", "var"
};


typedef struct {
    const char  *source;
    const char  *parts;       /* as show() writes them */
} good_t;

typedef struct {
    const char  *source;
    const char  *error;
} bad_t;


static const good_t  good[] = {
    { "", "" },
    { "plain", "text=plain|" },
    { "{{chunk}}", "chunk|" },
    { "{{chunk}}{{heading}}", "chunk|heading|" },
    { "a{{chunk}}b{{ heading\t}}c", "text=a|chunk|text=b|heading|text=c|" },
    { "{{references}}{{answer}}{{point.id}}{{point.title}}{{point.question}}"
      "{{point.severity}}", "references|answer|id|title|question|severity|" },
    { "{{vars.x}}", "var=x|" },
    { "a{{ vars.A-b_c.9 }}b", "text=a|var=A-b_c.9|text=b|" },
    { "{{vars.项目名称}}", "var=项目名称|" },
    { "{{vars.é}}", "var=é|" },
    { "{{vars.x?}}b{{ vars.y? }}", "var?=x|text=b|var?=y|" },
    { "{{vars.x?}}{{vars.x}}", "var?=x|var=x|" },

    { "{", "text={|" },
    { "}}", "text=}}|" },
    { "{ {", "text={ {|" },
    { "{\"a\": {\"b\": 1}}", "text={\\\"a\\\": {\\\"b\\\": 1}}|" },
    { "{{chunk}}}}", "chunk|text=}}|" },
    { "{{{{", "text={{|" },
    { "{{{{chunk}}", "text={{chunk}}|" },
    { "{{{{{", "text={{{|" },
    { "{{{{{{{{", "text={{{{|" },
    { "{{{{{{chunk}}", "text={{|chunk|" },
    { "a{", "text=a{|" },

    { "\"\\\n\t\x01\x7f", "text=\\\"\\\\\\n\\t\\u0001\x7f|" },
    { "中😀{{chunk}}文", "text=中😀|chunk|text=文|" },
};


#define KNOWN                                                                 \
    " is unknown, known are: chunk, heading, references, answer, point.id, "  \
    "point.title, point.question, point.severity, vars.NAME; \"{{{{\" "       \
    "stands for \"{{\" itself"
#define OPEN                                                                  \
    "\"{{\" has no \"}}\" on its line; \"{{{{\" stands for \"{{\" itself"
#define VAR                                                                   \
    " is no name: after \"vars.\" come letters, digits, \"_\", \".\" or "     \
    "\"-\""

static const bad_t  bad[] = {
    { "{{", "line 1, column 1: " OPEN },
    { "ab\n中文{{chunk", "line 2, column 3: " OPEN },
    { "{{chunk}", "line 1, column 1: " OPEN },
    { "{{chunk} }", "line 1, column 1: " OPEN },
    { "{{chunk\n}}", "line 1, column 1: " OPEN },
    { "{{chunk}}{{", "line 1, column 10: " OPEN },
    { "{{}}", "line 1, column 1: \"\"" KNOWN },
    { "{{  }}", "line 1, column 1: \"\"" KNOWN },
    { "你好 {{chunks}}", "line 1, column 4: \"chunks\"" KNOWN },
    { "{{Chunk}}", "line 1, column 1: \"Chunk\"" KNOWN },
    { "{{point}}", "line 1, column 1: \"point\"" KNOWN },
    { "{{point.titel}}", "line 1, column 1: \"point.titel\"" KNOWN },
    { "{{{chunk}}}", "line 1, column 1: \"{chunk\"" KNOWN },
    { "{{\"a\": {\"b\": 1}}", "line 1, column 1: \"\"a\": {\"b\": 1\"" KNOWN },
    { "{{一二三四五六七八九十一二}}",
      "line 1, column 1: \"一二三四五六七八九十...\"" KNOWN },
    { "{{vars}}", "line 1, column 1: \"vars\"" KNOWN },
    { "{{vars.}}", "line 1, column 1: \"vars.\"" VAR },
    { "{{vars.?}}", "line 1, column 1: \"vars.?\"" VAR },
    { "{{vars.a??}}", "line 1, column 1: \"vars.a??\"" VAR },
    { "{{vars.?a}}", "line 1, column 1: \"vars.?a\"" VAR },
    { "{{chunk?}}", "line 1, column 1: \"chunk?\"" KNOWN },
    { "{{vars.a b}}", "line 1, column 1: \"vars.a b\"" VAR },
    { "{{vars.a　b}}", "line 1, column 1: \"vars.a　b\"" VAR },
    { "{{vars.a/b}}", "line 1, column 1: \"vars.a/b\"" VAR },
    { "{{vars.{a}}", "line 1, column 1: \"vars.{a\"" VAR },
    { "{{vars.“a”}}", "line 1, column 1: \"vars.“a”\"" VAR },
};


static void
show(review_template_t *t, char *out)
{
    size_t          i;
    review_part_t  *part;

    out[0] = '\0';

    for (i = 0; i < t->nparts; i++) {
        part = &t->parts[i];
        out += sprintf(out, "%s%s", kinds[part->type],
                       part->optional ? "?" : "");

        if (part->text.len) {
            out += sprintf(out, "=%.*s", (int) part->text.len,
                           part->text.data);
        }

        out += sprintf(out, "|");
    }
}


/* the source is freed after, to prove that nothing points into it */

static review_template_t *
compile(review_pool_t *pool, const char *source, size_t len,
    review_error_t *err)
{
    char               *copy;
    review_template_t  *t;

    copy = malloc(len ? len : 1);
    memcpy(copy, source, len);
    memset(err, 0, sizeof(*err));

    t = review_template_compile(pool, copy, len, "/points/3/prompt", err);

    free(copy);

    return t;
}


static void
test_good(review_pool_t *pool)
{
    char                out[1024];
    size_t              i;
    review_error_t      err;
    review_template_t  *t;

    for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
        t = compile(pool, good[i].source, strlen(good[i].source), &err);

        if (t == NULL) {
            ok(0, "%s: %s", good[i].source, err.text);
            continue;
        }

        show(t, out);

        tap_is_str(out, strlen(out), good[i].parts, __FILE__, __LINE__,
                   "template %zu", i);
        ok(t->chunk == (strstr(good[i].parts, "chunk|") != NULL
                        && strstr(good[i].parts, "{{chunk") == NULL),
           "template %zu knows if it has the chunk", i);
    }
}


static void
test_bad(review_pool_t *pool)
{
    size_t              i;
    review_error_t      err;
    review_template_t  *t;

    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        t = compile(pool, bad[i].source, strlen(bad[i].source), &err);

        ok(t == NULL, "wrong template %zu", i);
        ok(strcmp(err.pointer, "/points/3/prompt") == 0, "its pointer");
        tap_is_str(err.text, strlen(err.text), bad[i].error, __FILE__,
                   __LINE__, "its error");
        ok(strlen(err.text) < sizeof(err.text) - 1, "fits");
    }
}


static void
test_many(review_pool_t *pool)
{
    char               *text;
    int                 i;
    size_t              len, size;
    review_error_t      err;
    review_template_t  *t;

    size = 1024 * 1024;
    text = malloc(size);

    for (i = 0, len = 0; i < 64; i++) {
        len += (size_t) sprintf(text + len, "x{{chunk}}");
    }

    t = compile(pool, text, len, &err);
    ok(t && t->nparts == 128, "64 names are allowed");

    len += (size_t) sprintf(text + len, "{{{{x{{vars.y}}");
    t = compile(pool, text, len, &err);
    ok(t == NULL && strstr(err.text, "line 1, column 646: "),
       "65 are not: %s", err.text);

    memset(text, '{', size);
    t = compile(pool, text, size, &err);
    ok(t && t->nparts == 1 && t->parts[0].text.len == size / 2,
       "many braces are many braces");

    memset(text, 1, size);
    t = compile(pool, text, size, &err);
    ok(t && t->nparts == 1 && t->parts[0].text.len == size * 6,
       "all characters escaped");

    memset(text, 'x', size);
    memcpy(text, "{{", 2);
    t = compile(pool, text, size, &err);
    ok(t == NULL, "an end that never comes");

    free(text);
}


int
main(void)
{
    review_pool_t  *pool;

    pool = tap_pool();

    test_good(pool);
    test_bad(pool);
    test_many(pool);

    tap_pool_free(pool);

    return tap_end();
}
