
/*
 * Proves what holds for the chunks of any text, over texts made at random from
 * a fixed seed: Chinese and English, headings, tables, code, nested brackets,
 * emoji, combining marks, all kinds of line ends, and code points of any sort.
 *
 * Bodies follow each other without a gap; nothing has more than "max" units
 * that could be cut; no cut stands inside of a grapheme, as utf8proc finds them
 * over the entire text, or of a table's row; an overlap has at most the units
 * asked for and begins where a sentence does; a repeated header is one that
 * stands before; headings stand in the text before what stands under them; and
 * the JSON says the same in code points, its parts joined being the text.
 * Units, lines, rows and sentences are found here by other means than there.
 */

#include "tap.h"
#include "review/split/split.h"
#include "review/split/split_json.h"
#include "review/split/split_request.h"
#include "review/outline/line.h"
#include "review/base/utf8.h"

#include <openssl/sha.h>
#include <utf8proc.h>


#define CASES     40000
#define TEXT_MAX  4096


typedef struct {
    char             *data;              /* of its own length */
    size_t            len;
    unsigned char    *apart;             /* may be cut before this byte */
    unsigned char    *row;               /* is inside of a row */
    size_t           *points;            /* code points before this byte */
} text_t;


static uint64_t     seed = 20240501;
static const char  *why;


#define fail_if(cond)                                                         \
    do {                                                                      \
        if (cond) {                                                           \
            why = #cond;                                                      \
            return 0;                                                         \
        }                                                                     \
    } while (0)


static size_t
roll(size_t n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;

    return (size_t) (seed >> 33) % n;
}


static const char *const  pieces[] = {
    "投标人应当", "按照招标文件的要求", "编制投标文件", "，", "。", "！", "？",
    "；", "……", "——", "、", "（", "）", "“", "”", "《", "》", "「", "」", "：",
    "第三条", "第3.2条", "根据第三条规定", "3.14", "1.1.1", "1,000.50", "10%",
    " ", " ", " ", "  ", "\t", "　", "\n", "\n", "\n", "\n\n", "\r\n", "\r",
    "\u2028", "\n\n\n", "a", "the bidder", "shall submit", "e.g. ", "No. 5",
    ". ", "! ", "? ", "; ", ", ", ".", "...", "(", ")", "[", "]", "\"", "'",
    "https://example.com/a?b=c.d;e", "Mr. Smith", "U.S.",
    "internationalization",
    "👨‍👩‍👧‍👦", "🇨🇳", "🇨", "e\u0301", "\u0301", "\u0301\u0302\u0303",
    "각", "ᄀ", "ᅡ", "ก็", "नि", "नमस्ते।", "\u200d", "\u200b", "\ufeff",
    "\u0600", "\u1100", "ｱﾞ", "が", "か\u3099", "𠀀𠀁", "مرحبا؟",
    "**", "_", "`", "&amp; ", "①", "\f", "\v", "\xc2\x85", "\u00a0",
    "\u30fb", "\u2014", "\u2026", "9", "2024年5月1日",
};

static const char *const  lines[] = {
    "# 招标文件\n", "## 第一章 总则\n", "## 第二章 投标\n", "### 第一节 规定\n",
    "第一章 总则\n", "第　三　章　附则\n", "第二节 投标\n", "# 第一章\n",
    "第六条 投标保证金\n", "第七条 投标人应当提交保证金。\n", "第3.2条 价格\n",
    "一、项目概况\n", "（一）大型基础设施；\n", "1. 范围\n", "1.1 目的\n",
    "1.1.1 细则\n", "2、资格\n", "(1) 甲；\n", "（2）乙。\n", "Chapter 3 Bids\n",
    "Title\n=====\n", "Sub\n---\n", "目录\n", "第一章 总则……1\n",
    "第二章 投标 ..... 12\n", "- item\n", "* **bold**\n", "> quote\n",
    "| 序号 | 名称 | 金额 |\n|---|---|---|\n", "| 1 | 甲 | 100 |\n",
    "| 2 | 乙。丙！ | 一二三四五六七八九十一二三四五六七八九十 |\n",
    "| a |\n", "|\n", "|  \r\n", "  | x | y |\n", "a | b\n--|--\n1 | 2\n",
    "```\ncode | x\n# no heading\n\n```\n", "```\n", "~~~\n", "****\n", "#\n",
    "##第四章 合同\n", "#标签# 内容\n", "Article 5. The parties agree.\n",
    "A line that is wrapped since it is rather long and goes on in the next\n",
    "one which ends here. And another sentence! Is it so? Yes.\n",
    "“他说：‘好。’”然后走了。她（没有。真的）也走了！\n", "---\n", "===\n",
};


static void
text_random_code_point(char *p, size_t *n)
{
    int32_t  c;

    static const int32_t  bases[] = {
        0x20, 0x80, 0x300, 0x600, 0x900, 0x1100, 0x1f00, 0x2000, 0x2e80,
        0x3000, 0x4e00, 0xa960, 0xac00, 0xfe00, 0xff00, 0x1f1e6, 0x1f300,
        0x1f3fb, 0xe0000, 0x110bd
    };

    c = bases[roll(sizeof(bases) / sizeof(bases[0]))] + (int32_t) roll(128);

    *n += (size_t) utf8proc_encode_char(c, (utf8proc_uint8_t *) p + *n);
}


static size_t
text_make(char *p)
{
    size_t       n, max, kind;
    const char  *s;

    n = 0;
    max = roll(10) ? roll(400) : roll(1500);
    kind = roll(4);

    if (roll(20) == 0) {
        memcpy(p, "\xef\xbb\xbf", 3);
        n = 3;
    }

    while (n < max) {

        if (roll(100) == 0) {
            text_random_code_point(p, &n);
            continue;
        }

        if (roll(300) == 0) {
            size_t  count = roll(60);

            s = pieces[roll(sizeof(pieces) / sizeof(pieces[0]))];

            while (count-- && n < max) {
                memcpy(p + n, s, strlen(s));
                n += strlen(s);
            }

            continue;
        }

        if (roll(kind == 0 ? 2 : kind == 1 ? 30 : 10) == 0) {
            if (n && p[n - 1] != '\n' && roll(8)) {
                p[n++] = '\n';
            }

            s = lines[roll(sizeof(lines) / sizeof(lines[0]))];

        } else if (roll(3) == 0) {
            s = pieces[roll(3)];

        } else {
            s = pieces[roll(sizeof(pieces) / sizeof(pieces[0]))];
        }

        memcpy(p + n, s, strlen(s));
        n += strlen(s);
    }

    return n;
}


/* the end of the line at i, behind what ends it */

static size_t
line_next(const text_t *t, size_t i)
{
    for ( /* void */ ; i < t->len; i++) {

        if (t->data[i] == '\n') {
            return i + 1;
        }

        if (t->data[i] == '\r') {
            return i + 1 + (i + 1 < t->len && t->data[i + 1] == '\n');
        }

        if (t->len - i >= 3 && (memcmp(t->data + i, "\u2028", 3) == 0
                                || memcmp(t->data + i, "\u2029", 3) == 0))
        {
            return i + 3;
        }
    }

    return i;
}


static void
text_rows(text_t *t)
{
    size_t  i, next, first;

    memset(t->row, 0, t->len + 1);

    for (i = 0; i < t->len; i++) {
        if (memcmp(t->data + i, "```", t->len - i < 3 ? t->len - i : 3) == 0
            || memcmp(t->data + i, "~~~", t->len - i < 3 ? t->len - i : 3)
               == 0)
        {
            return;                      /* maybe code: no rows are proved */
        }
    }

    for (i = 0; i < t->len; i = next) {
        next = line_next(t, i);

        for (first = i; first < next && t->data[first] == ' '; first++) {
            /* void */
        }

        if (first < next && t->data[first] == '|') {
            memset(t->row + i + 1, 1, next - i - 1);
        }
    }
}


static void
text_index(text_t *t)
{
    size_t              i, n;
    int32_t             c, before;
    const char         *p, *at, *last;
    utf8proc_int32_t    state;

    memset(t->apart, 0, t->len + 1);

    t->apart[0] = 1;
    t->apart[t->len] = 1;
    before = 0;
    state = 0;
    p = t->data;
    last = p + t->len;

    while (p < last) {
        at = p;
        c = review_utf8_next(&p, last);

        if (at > t->data
            && utf8proc_grapheme_break_stateful(before, c, &state))
        {
            t->apart[at - t->data] = 1;
        }

        before = c;
    }

    n = 0;

    for (i = 0; i < t->len; i++) {
        t->points[i] = n;
        n += (t->data[i] & 0xc0) != 0x80;
    }

    t->points[t->len] = n;
    text_rows(t);
}


/* one byte after another */

static size_t
units_of(const text_t *t, size_t from, size_t to, int tokens)
{
    size_t         n, run;
    unsigned char  c, kind, before;

    if (!tokens) {
        return t->points[to] - t->points[from];
    }

    n = 0;
    run = 0;
    before = 0;

    for ( /* void */ ; from < to; from++) {
        c = (unsigned char) t->data[from];

        kind = (c == ' ') ? 1 : ((c >= 'a' && c <= 'z')
                                 || (c >= 'A' && c <= 'Z')) ? 2 : 0;
        run = (kind && kind == before) ? run + 1 : 1;
        before = kind;

        switch (kind) {
        case 0:
            n += (c & 0xc0) != 0x80;
            break;

        case 1:
            n += run % 4 == 0;
            break;

        case 2:
            n += run % 4 == 1;
            break;
        }
    }

    return n;
}


/*
 * Is a sentence over before "at"?  The text begins there, or a line; or what
 * is before, but for white space and closing marks, is a stop.
 */

static int
sentence_before(const text_t *t, size_t at)
{
    size_t  i, k, n;

    static const char *const  skip[] = {
        " ", "\t", "\n", "\r", "\f", "\v", "\u00a0", "\xc2\x85", "　", "\u2028",
        "\u2029", "\u200b", "\ufeff", "\u2000", "\u2001", "\u2002", "\u2003",
        "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200a",
        "\u202f", "\u205f", "\u1680", ")", "]", "}", "\"", "'", "*", "_", "`",
        "”", "’", "」", "』", "）", "】", "》", "〉", "〕", "〗", "]", "］",
        "｝", "｣", "»", NULL
    };

    static const char *const  stops[] = {
        "。", "！", "？", "；", "…", "⋯", ".", "!", "?", ";", "．", "।", "॥",
        "؟", "؛", "۔", "։", "｡", "‼", "⁇", "⁈", "⁉", "၊", "။", "።", "។",
        "៕", "᠃", "﹒", NULL
    };

    i = at;

    for ( ;; ) {

        /* a line begins here? */

        for (k = 0; k < i; k = line_next(t, k)) { /* void */ }

        if (k == i) {
            return 1;
        }

        for (k = 0; skip[k]; k++) {
            n = strlen(skip[k]);

            if (i >= n && memcmp(t->data + i - n, skip[k], n) == 0) {
                break;
            }
        }

        if (skip[k] == NULL) {
            break;
        }

        i -= n;
    }

    for (k = 0; stops[k]; k++) {
        n = strlen(stops[k]);

        if (i >= n && memcmp(t->data + i - n, stops[k], n) == 0) {
            return 1;
        }
    }

    return 0;
}


static int
check_oversize(const text_t *t, const review_chunk_t *chunk)
{
    size_t  i, n;

    n = 0;

    for (i = chunk->body + 1; i < chunk->end; i++) {
        n += t->apart[i] && !t->row[i];
    }

    /* one grapheme; or a row that white space stands behind, or code */

    fail_if(n > 0 && !review_utf8_blank(t->data + chunk->end - 1, 1)
            && memchr(t->data + chunk->body, '|', chunk->end - chunk->body)
               == NULL);
    fail_if(chunk->header != chunk->header_end);

    return 1;
}


static int
check_headings(const text_t *t, const review_chunk_t *chunk)
{
    const char              *p, *end;
    const review_heading_t  *h;

    h = chunk->heading;
    end = t->data + t->len;

    /* a title that is cut may be so between its marks and its text */

    for (p = t->data + chunk->end; h && p < h->text.data; p++) {
        fail_if((unsigned char) *p < 0x80 && strchr(" \t\f\v#*_", *p) == NULL);
    }

    for ( /* void */ ; h; h = h->parent) {
        fail_if(h->text.len == 0);
        fail_if(h->text.data < t->data || h->text.data + h->text.len > end);
        end = h->text.data;
    }

    return 1;
}


/* the code point before i */

static size_t
point_before(const text_t *t, size_t i)
{
    do {
        i--;
    } while ((t->data[i] & 0xc0) == 0x80);

    return i;
}


/*
 * A blank chunk is of a chunk's worth of white space, unless there are rows, or
 * graphemes of several code points next to it, which nothing fits beside; or
 * characters that are no white space but are not to be seen either.
 */

static int
check_blank(const text_t *t, const review_chunk_t *chunk,
    const review_split_options_t *options)
{
    size_t       from, to, first, last;
    const char  *p;

    if (!review_utf8_blank(t->data + chunk->body, chunk->end - chunk->body)) {
        return 1;
    }

    for (from = chunk->body; from > 0; from = first) {
        first = point_before(t, from);

        if (!review_utf8_blank(t->data + first, from - first)) {
            break;
        }
    }

    for (to = chunk->end; to < t->len; to = last) {
        last = to + 1;

        while (last < t->len && (t->data[last] & 0xc0) == 0x80) {
            last++;
        }

        if (!review_utf8_blank(t->data + to, last - to)) {
            break;
        }
    }

    if (units_of(t, from, to, options->tokens) >= options->max
        || memchr(t->data, '|', t->len))
    {
        return 1;
    }

    for (p = t->data + from; p < t->data + to; /* void */) {
        if (!review_line_is_space(review_utf8_next(&p, t->data + to))) {
            return 1;
        }
    }

    for (first = from; first > 0; /* void */) {
        first--;

        if (t->apart[first]) {
            break;
        }
    }

    for (last = to; last < t->len; /* void */) {
        last++;

        if (t->apart[last]) {
            break;
        }
    }

    /* nor can a grapheme go with the white space on both of its sides */

    fail_if((first == 0 || !review_utf8_blank(t->data + point_before(t, first),
                                              first - point_before(t, first)))
            && units_of(t, first, from, options->tokens) <= 1
            && units_of(t, to, last, options->tokens) <= 1);

    return 1;
}


static int
check_chunk(const text_t *t, const review_chunk_t *chunk, size_t before,
    const review_split_options_t *options)
{
    size_t  units, overlap;

    fail_if(chunk->start > chunk->body || chunk->body >= chunk->end);
    fail_if(chunk->end > t->len || chunk->start < before);
    fail_if(!t->apart[chunk->start] || !t->apart[chunk->end]);
    fail_if(t->row[chunk->start] || t->row[chunk->body]);

    units = units_of(t, chunk->start, chunk->end, options->tokens);

    if (chunk->header < chunk->header_end) {
        fail_if(!options->keep_tables);
        fail_if(chunk->header_end > chunk->body);
        fail_if(chunk->start != chunk->body);
        units += units_of(t, chunk->header, chunk->header_end,
                          options->tokens);
    }

    if (chunk->oversize) {
        fail_if(units <= options->max);
        return check_oversize(t, chunk) && check_headings(t, chunk);
    }

    fail_if(units > options->max);

    overlap = units_of(t, chunk->start, chunk->body, options->tokens);
    fail_if(overlap > options->overlap);
    fail_if(overlap && !sentence_before(t, chunk->start));

    return check_headings(t, chunk);
}


static size_t
number_of(json_t *json, const char *name)
{
    return (size_t) json_integer_value(json_object_get(json, name));
}


static int
check_hash(json_t *json, const char *data, size_t len)
{
    int            i;
    char           hex[65];
    unsigned char  hash[32];

    (void) SHA256((const unsigned char *) data, len, hash);

    for (i = 0; i < 32; i++) {
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    }

    return strcmp(hex, json_string_value(json_object_get(json, "sha256"))) == 0;
}


static int
check_json(const text_t *t, json_t *json, const review_chunk_t *chunk)
{
    size_t       head;
    json_t      *header;
    const char  *text;

    text = json_string_value(json_object_get(json, "text"));
    head = chunk->header_end - chunk->header;

    fail_if(json_string_length(json_object_get(json, "text"))
            != head + chunk->end - chunk->start);
    fail_if(memcmp(text, t->data + chunk->header, head) != 0);
    fail_if(memcmp(text + head, t->data + chunk->start,
                   chunk->end - chunk->start) != 0);

    fail_if(number_of(json, "start") != t->points[chunk->start]);
    fail_if(number_of(json, "end") != t->points[chunk->end]);
    fail_if(number_of(json, "overlap")
            != t->points[chunk->body] - t->points[chunk->start]);
    fail_if(!check_hash(json, text, head + chunk->end - chunk->start));

    header = json_object_get(json, "table_header");

    fail_if((header != NULL) != (head > 0));
    fail_if(head && number_of(header, "start") != t->points[chunk->header]);
    fail_if(head && number_of(header, "end") != t->points[chunk->header_end]);
    fail_if(json_is_true(json_object_get(json, "oversize"))
            != chunk->oversize);

    return 1;
}


static int
check_written(const text_t *t, review_buf_t *b,
    review_split_writer_t *w, const review_chunk_t *chunk)
{
    int            rc;
    json_t        *json;
    json_error_t   error;

    b->len = 0;
    review_split_json_write(w, b, chunk);
    fail_if(b->failed);

    json = json_loadb(b->data, b->len, JSON_ALLOW_NUL, &error);
    fail_if(json == NULL);

    rc = check_json(t, json, chunk);
    json_decref(json);

    return rc;
}


static int
check_text(review_pool_t *pool, const text_t *t,
    const review_split_options_t *options)
{
    int                     json;
    size_t                  at, before;
    review_buf_t            b;
    review_chunk_t          chunk;
    review_split_t         *split;
    review_document_t       document;
    review_split_writer_t   w;

    split = review_split_create(pool, t->data, t->len, options);
    fail_if(split == NULL);

    memset(&document, 0, sizeof(document));
    document.text.data = t->data;
    document.text.len = t->len;
    review_split_json_writer_init(&w, &document);
    review_buf_init(&b, pool, 0);

    at = 0;
    before = 0;
    json = roll(4) == 0;

    while (review_split_next(split, &chunk) == 1) {

        fail_if(chunk.body != at);

        if (!check_chunk(t, &chunk, before, options)
            || !check_blank(t, &chunk, options)
            || (json && !check_written(t, &b, &w, &chunk)))
        {
            printf("# chunk [%zu, %zu, %zu)\n", chunk.start, chunk.body,
                   chunk.end);
            return 0;
        }

        before = at;
        at = chunk.end;
    }

    fail_if(at != t->len && !(at == 0 && review_utf8_blank(t->data, t->len)));
    fail_if(at && review_utf8_blank(t->data, t->len));
    fail_if(review_split_next(split, &chunk) != 0);

    return 1;
}


static void
options_make(review_split_options_t *options)
{
    memset(options, 0, sizeof(*options));

    options->max = roll(3) ? 1 + roll(60) : 1 + roll(400);
    options->overlap = roll(2) ? roll(options->max) : 0;
    options->tokens = roll(3) == 0;
    options->keep_tables = roll(3) != 0;
}


static void
report(const text_t *t, const review_split_options_t *options, size_t n)
{
    size_t  i;

    printf("# case %zu: %s\n# max %zu, overlap %zu, tokens %d, tables %d\n# ",
           n, why, options->max, options->overlap, options->tokens,
           options->keep_tables);

    for (i = 0; i < t->len; i++) {
        if (t->data[i] == '\n' || t->data[i] == '\r') {
            printf(t->data[i] == '\n' ? "\\n" : "\\r");

        } else {
            putchar(t->data[i]);
        }
    }

    printf("\n");
}


/* another seed may be given */

int
main(int argc, char **argv)
{
    char                     buf[TEXT_MAX];
    size_t                   i, failed;
    text_t                   t;
    review_pool_t           *pool;
    review_split_options_t   options;

    failed = 0;

    if (argc > 1) {
        seed = strtoull(argv[1], NULL, 10);
    }

    for (i = 0; i < CASES; i++) {
        pool = tap_pool();

        t.len = text_make(buf);
        t.data = review_alloc(pool, t.len);
        t.apart = review_alloc(pool, t.len + 1);
        t.row = review_alloc(pool, t.len + 1);
        t.points = review_alloc(pool, (t.len + 1) * sizeof(size_t));

        if (t.len) {
            memcpy(t.data, buf, t.len);
        }

        options_make(&options);
        text_index(&t);

        if (!check_text(pool, &t, &options) && ++failed <= 3) {
            report(&t, &options, i);
        }

        tap_pool_free(pool);
    }

    ok(failed == 0, "%d texts: %zu have chunks that are wrong", CASES, failed);

    return tap_end();
}
