
/* The report as Markdown, for people. */

#include "review/report/shared.h"
#include "review/base/utf8.h"


/* what is told of a text at the top: ranges of pages, and warnings */

#define REVIEW_REPORT_RANGES  100
#define REVIEW_REPORT_DOUBTS  20


/* what is said in each language */

typedef struct {
    const char  *title;
    const char  *colon;
    const char  *comma;
    const char  *status;
    const char  *statuses[3];            /* by review_report_outcome_e */
    const char  *cut;
    const char  *chunks;
    const char  *unread;
    const char  *doubt;
    const char  *pages;                  /* before their numbers, */
    const char  *without;                /* and behind those without text */
    const char  *page;                   /* before the number of one, */
    const char  *page_end;               /* and behind it */
    const char  *more;                   /* warnings that are not told */
    const char  *last;                   /* page has all that follows */
    const char  *hidden[4];              /* characters, places, the first */
    const char  *left[2];                /* warnings of a converter */
    const char  *summary;
    const char  *head;                   /* of the table of points */
    const char  *verdicts[5];
    const char  *severities[4];
    const char  *none;                   /* no verdict */
    const char  *unasked;                /* none: nothing was asked, */
    const char  *closed;                 /* or is what it is about */
    const char  *unheaded;               /* no heading fits */
    const char  *human;
    const char  *warning;
    const char  *warnings[2];            /* in the order of their names */
    const char  *note;
    const char  *notes[11];              /* in the order of their names */
    const char  *nothing;                /* no findings */
    const char  *partly;                 /* no findings in what was read */
    const char  *unseen;                 /* cells that are not done */
    const char  *place;
    const char  *at_page[2];             /* before a page, and behind it */
    const char  *at_line[2];
    const char  *range[2];               /* of offsets */
    const char  *document;               /* one of several */
    const char  *reference;
    const char  *nowhere;
    const char  *unsought;               /* it may be somewhere */
    const char  *elsewhere;              /* behind its place */
    const char  *seen;                   /* in these chunks */
    const char  *reason;
    const char  *suggestion;
    const char  *also;                   /* what another chunk says */
    const char  *confidence;
    const char  *failed;
    const char  *failed_head;            /* of the table of failed cells */
    const char  *all;                    /* points of a chunk */
    const char  *searched[5];            /* chunks, of so many, rounds */
    const char  *absent;
    const char  *whole;                  /* document: it was asked of that */
    const char  *cells[4];               /* by review_report_status_e */
} review_report_words_t;


static const review_report_words_t  review_report_zh = {
    .title = "审核报告",
    .colon = "：",
    .comma = "，",
    .status = "状态",
    .statuses = { "完成", "部分完成", "失败" },
    .cut = "因 nginx 正在关闭而中断，请重新提交",
    .chunks = "文本块",
    .unread = "未读到",
    .doubt = "读取存疑",
    .pages = "第 ",
    .without = " 页没有文字，可能是扫描件或图片，没有审核",
    .page = "第 ",
    .page_end = " 页",
    .more = "更多警告",
    .last = "其后的内容都算在最后一页",
    .hidden = { "共 ", " 字，", " 处，第一处在第 ", " 字" },
    .left = { "另有 ", " 条" },
    .summary = "汇总",
    .head = "| 审核点 | 结论 | 严重程度 | 发现 | 未完成 | 人工 |\n",
    .verdicts = { "符合", "有风险", "不符合", "不适用", "无法判断" },
    .severities = { "致命", "严重", "轻微", "提示" },
    .none = "未得出",
    .unasked = "未审核",
    .closed = "未涉及",
    .unheaded = "文件中没有相应的章节，已审核全文。",
    .human = "需人工复核",
    .warning = "警告",
    .warnings = { "文中疑有对审核者的指令", "模型没有读到全部提示" },
    .note = "说明",
    .notes = {
        "模型的结论写作列表", "模型的成员名大小写不同", "模型用别的词说严重程度",
        "模型说的严重程度无法理解，按审核点", "模型的把握写作百分数",
        "模型说的把握无法理解", "模型的理由不是文字，照录",
        "模型的理由有无法理解之处，已略去", "模型的建议不是文字，照录",
        "模型的建议有无法理解之处，已略去", "模型的引文有的不是文字，或者太多，已略去"
    },
    .nothing = "没有发现。",
    .partly = "在读到的内容中没有发现；有未读到的内容，见文首。",
    .unseen = "并非所有文本块都已审核，见文末。",
    .place = "位置",
    .at_page = { "第 ", " 页" },
    .at_line = { "第 ", " 行" },
    .range = { "第 ", " 字" },
    .document = "文件 ",
    .reference = "参考资料 ",
    .nowhere = "原文中没有",
    .unsought = "未能在全文中查找",
    .elsewhere = "不在所审的文本块中",
    .seen = "文本块",
    .reason = "理由",
    .suggestion = "建议",
    .also = "另有理由",
    .confidence = "把握",
    .failed = "未完成的审核",
    .failed_head = "| 文本块 | 位置 | 审核点 | 状态 | 原因 |\n",
    .all = "全部",
    .searched = { "已审阅：", " 段，共 ", " 段", "，", " 轮" },
    .absent = "未找到（已读全文）",
    .whole = "全文",
    .cells = { "完成", "失败", "超时", "略过" }
};


static const review_report_words_t  review_report_en = {
    .title = "Review report",
    .colon = ": ",
    .comma = ", ",
    .status = "Status",
    .statuses = { "complete", "partial", "failed" },
    .cut = "cut since nginx was shutting down: ask again",
    .chunks = "Chunks",
    .unread = "Not read",
    .doubt = "Read with doubt",
    .pages = "pages ",
    .without = " have no text and may be scans or pictures: they were not "
               "reviewed",
    .page = "page ",
    .page_end = "",
    .more = "More warnings",
    .last = "what follows is all of the last page",
    .hidden = { "", " characters in ", " places, the first at ", "" },
    .left = { "", " more warnings" },
    .summary = "Summary",
    .head = "| Point | Verdict | Severity | Findings | Not done | Person |\n",
    .verdicts = { "pass", "risk", "fail", "not applicable", "unsure" },
    .severities = { "fatal", "major", "minor", "info" },
    .none = "none",
    .unasked = "not reviewed",
    .closed = "does not come up",
    .unheaded = "The document has no such chapter: all of it was reviewed.",
    .human = "needs a person",
    .warning = "Warning",
    .warnings = { "a text seems to give orders to the reviewer",
                  "the model has not read all of the prompt" },
    .note = "Note",
    .notes = {
        "the model has written its verdict as a list",
        "the model has written names of members in another case",
        "the model has other words for the severity",
        "what the model says of the severity was not understood: it is the "
        "point's", "the model has written its confidence as a percentage",
        "what the model says of its confidence was not understood",
        "the model's reason is no text, and is told as it is",
        "the model's reason was not understood in part, which is left out",
        "the model's suggestion is no text, and is told as it is",
        "the model's suggestion was not understood in part, which is left out",
        "the model's quotes are too many, or not all texts: some are left out"
    },
    .nothing = "Nothing was found.",
    .partly = "Nothing was found in what was read; not all was: see the top.",
    .unseen = "Not all chunks were reviewed: see the end.",
    .place = "Place",
    .at_page = { "page ", "" },
    .at_line = { "line ", "" },
    .range = { "characters ", "" },
    .document = "document ",
    .reference = "reference ",
    .nowhere = "not in the text",
    .unsought = "not looked for in the whole text",
    .elsewhere = "not in the chunk that was reviewed",
    .seen = "Chunks",
    .reason = "Reason",
    .suggestion = "Suggestion",
    .also = "Also",
    .confidence = "Confidence",
    .failed = "What was not done",
    .failed_head = "| Chunk | Place | Point | Status | Why |\n",
    .all = "all",
    .searched = { "Read: ", " chunks of ", "", ", rounds: ", "" },
    .absent = "not found (all was read)",
    .whole = "whole",
    .cells = { "ok", "failed", "timeout", "skipped" }
};


typedef struct {
    const review_report_t        *report;
    review_buf_t                 *b;
    const review_report_words_t  *words;
    const char                   *kind;  /* of text that is spoken of */
} review_report_writer_t;


/*
 * Controls and separators of lines are white space; marks that turn the
 * direction of a text would do so beyond its end, and are left out.
 */

static int32_t
review_report_markdown_plain(int32_t c)
{
    if (c < 0x20 || (c >= 0x7f && c <= 0x9f) || c == 0x2028 || c == 0x2029) {
        return ' ';
    }

    if ((c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069)
        || c == 0x200e || c == 0x200f || c == 0x061c)
    {
        return 0;
    }

    return c;
}


/* has it a meaning in Markdown; at the start of a line, if "first"? */

static int
review_report_markdown_is_mark(int32_t c, int first)
{
    if (c >= 0x80) {
        return 0;
    }

    return strchr("\\`*_[]{}|~#$^", c) != NULL
           || (first && strchr("-+=:.)", c) != NULL);
}


/* one line, whatever the text has in it */

static void
review_report_markdown_text(review_buf_t *b, const review_str_t *text)
{
    int          first, space;
    int32_t      c;
    const char  *p, *at, *last;

    p = text->data;
    last = p + text->len;
    first = 1;
    space = 0;

    while (p < last) {
        at = p;
        c = review_report_markdown_plain(review_utf8_next(&p, last));

        if (c == ' ') {
            space = 1;
            continue;
        }

        if (c == 0) {
            continue;
        }

        if (space && b->len && b->data[b->len - 1] != ' ') {
            review_buf_puts(b, " ");
        }

        space = 0;

        if (c == '<' || c == '>' || c == '&') {
            review_buf_puts(b, c == '<' ? "&lt;" : c == '>' ? "&gt;"
                                                            : "&amp;");
        } else {
            if (review_report_markdown_is_mark(c, first)) {
                review_buf_puts(b, "\\");
            }

            review_buf_add(b, at, (size_t) (p - at));
        }

        /* digits before a dot begin a list, too */

        first = first && c >= '0' && c <= '9';
    }
}


static void
review_report_markdown_heading(review_report_writer_t *w,
    const review_heading_t *heading)
{
    size_t               i, n;
    const review_str_t  *path[REVIEW_REPORT_PATH];

    n = review_report_path(heading, path);

    for (i = 0; i < n; i++) {
        review_buf_puts(w->b, i ? " › " : "");
        review_report_markdown_text(w->b, path[i]);
    }

    if (n) {
        review_buf_puts(w->b, w->words->comma);
    }
}


static void
review_report_markdown_number(review_report_writer_t *w,
    const char *const *words, size_t n)
{
    review_buf_puts(w->b, words[0]);
    review_buf_number(w->b, n);
    review_buf_puts(w->b, words[1]);
    review_buf_puts(w->b, w->words->comma);
}


/* headings, page and line, and code points */

static void
review_report_markdown_where(review_report_writer_t *w,
    const review_where_t *where, size_t start, size_t end)
{
    review_report_markdown_heading(w, where->heading);

    if (where->page) {
        review_report_markdown_number(w, w->words->at_page, where->page);
    }

    if (where->line) {
        review_report_markdown_number(w, w->words->at_line, where->line);
    }

    review_buf_puts(w->b, w->words->range[0]);
    review_buf_number(w->b, start);
    review_buf_puts(w->b, "–");
    review_buf_number(w->b, end);
    review_buf_puts(w->b, w->words->range[1]);
}


/* lines stay lines, so that a table that is quoted can be read */

static void
review_report_markdown_quote(review_buf_t *b, const review_str_t *quote)
{
    size_t        at, end;
    review_str_t  line;

    for (at = 0; at < quote->len; at = end + 1) {

        for (end = at; end < quote->len && quote->data[end] != '\n'; end++) {
            /* void */
        }

        line.data = quote->data + at;
        line.len = end - at;

        if (review_utf8_blank(line.data, line.len)) {
            continue;
        }

        review_buf_puts(b, "> ");
        review_report_markdown_text(b, &line);
        review_buf_puts(b, "  \n");
    }
}


/* of several documents, which one */

static void
review_report_markdown_whose(review_report_writer_t *w, size_t document)
{
    const review_str_t  *id;

    id = &w->report->documents[document].id;

    if (id->len) {
        review_buf_puts(w->b, w->words->document);
        review_report_markdown_text(w->b, id);
        review_buf_puts(w->b, w->words->comma);
    }
}


static void
review_report_markdown_evidence(review_report_writer_t *w,
    const review_report_evidence_t *e)
{
    review_buf_t    *b;
    review_where_t   where;

    b = w->b;

    review_report_text_where(w->report, e, &where);
    review_report_markdown_quote(b, &e->quote);
    review_buf_puts(b, ">\n> — ");

    switch (e->kind) {

    case REVIEW_REPORT_DOCUMENT:
        review_report_markdown_whose(w, e->reference);
        review_report_markdown_where(w, &where, e->start, e->end);
        break;

    case REVIEW_REPORT_REFERENCE:
        review_buf_puts(b, w->words->reference);
        review_report_markdown_text(b, &w->report->references[e->reference].id);
        review_buf_puts(b, w->words->comma);
        review_report_markdown_where(w, &where, e->start, e->end);
        break;

    default:
        review_buf_puts(b, e->sought ? w->words->nowhere
                                     : w->words->unsought);
    }

    if (e->elsewhere) {
        review_buf_puts(b, w->words->comma);
        review_buf_puts(b, w->words->elsewhere);
    }

    review_buf_puts(b, "\n\n");
}


/* begins an item of a list */

static void
review_report_markdown_item(review_report_writer_t *w, const char *name)
{
    review_buf_puts(w->b, "- **");
    review_buf_puts(w->b, name);
    review_buf_puts(w->b, "**");
    review_buf_puts(w->b, w->words->colon);
}


static void
review_report_markdown_words(review_report_writer_t *w, const char *name,
    const review_str_t *text)
{
    if (text->len) {
        review_report_markdown_item(w, name);
        review_report_markdown_text(w->b, text);
        review_buf_puts(w->b, "\n");
    }
}


/* an item for each of a set, which mostly is empty */

static void
review_report_markdown_set(review_report_writer_t *w, const char *name,
    const char *const *names, const char *const *words, unsigned set)
{
    size_t  i;

    for (i = 0; names[i]; i++) {
        if (set & (1u << i)) {
            review_report_markdown_item(w, name);
            review_buf_puts(w->b, words[i]);
            review_buf_puts(w->b, "\n");
        }
    }
}


static void
review_report_markdown_warnings(review_report_writer_t *w, unsigned warnings)
{
    review_report_markdown_set(w, w->words->warning, review_warnings,
                               w->words->warnings, warnings);
}


/* chunks whose cells of a point have a warning, whatever they say */

static void
review_report_markdown_warned(review_report_writer_t *w, size_t point)
{
    size_t  i, n;

    review_report_markdown_warnings(w, w->report->columns[point].warnings);

    if (w->report->points[point].document) {
        review_buf_puts(w->b, "\n");
        return;
    }

    review_report_markdown_item(w, w->words->seen);

    for (i = 0, n = 0; i < w->report->nchunks; i++) {
        if (review_report_cell(w->report, i, point)->warnings) {
            review_buf_puts(w->b, n++ ? ", " : "");
            review_report_markdown_text(w->b, &w->report->chunks[i].id);
        }
    }

    review_buf_puts(w->b, "\n\n");
}


static void
review_report_markdown_chunks(review_report_writer_t *w,
    const review_report_group_t *group)
{
    uint32_t  i;

    if (group->nchunks == 0) {
        return;
    }

    review_report_markdown_item(w, w->words->seen);

    for (i = 0; i < group->nchunks; i++) {
        review_buf_puts(w->b, i ? ", " : "");
        review_report_markdown_text(w->b,
                                    &w->report->chunks[group->chunks[i]].id);
    }

    review_buf_puts(w->b, "\n");
}


/* where a finding stands that quotes nothing of the document */

static void
review_report_markdown_place(review_report_writer_t *w,
    const review_report_group_t *group)
{
    const review_report_chunk_t  *chunk;

    if (group->told->passages
        || (group->nevidence
            && group->evidence->kind == REVIEW_REPORT_DOCUMENT))
    {
        return;
    }

    chunk = &w->report->chunks[group->chunks[0]];

    review_report_markdown_item(w, w->words->place);
    review_report_markdown_whose(w, review_report_home(w->report,
                                                       group->chunks[0]));
    review_report_markdown_where(w, &group->where, chunk->start, chunk->end);
    review_buf_puts(w->b, "\n");
}


/* the words of another chunk, on a line */

static void
review_report_markdown_also(review_report_writer_t *w,
    const review_report_finding_t *f)
{
    review_buf_t  *b;

    b = w->b;

    review_report_markdown_item(w, w->words->also);
    review_report_markdown_text(b, &w->report->chunks[f->chunk].id);
    review_buf_puts(b, w->words->comma);
    review_report_markdown_text(b, &f->reason);

    if (f->suggestion.len) {
        review_buf_puts(b, w->words->comma);
        review_buf_puts(b, w->words->suggestion);
        review_buf_puts(b, w->words->colon);
        review_report_markdown_text(b, &f->suggestion);
    }

    review_buf_puts(b, "\n");
}


static void
review_report_markdown_finding(review_report_writer_t *w, size_t point,
    size_t n)
{
    uint32_t                      i;
    review_buf_t                 *b;
    const review_report_group_t  *group;

    b = w->b;
    group = &w->report->columns[point].groups[n];

    review_buf_puts(b, "### ");
    review_buf_number(b, point + 1);
    review_buf_puts(b, ".");
    review_buf_number(b, n + 1);
    review_buf_puts(b, " ");
    review_buf_puts(b, w->words->verdicts[group->told->verdict]);
    review_buf_puts(b, " · ");
    review_buf_puts(b, w->words->severities[group->severity]);

    if (group->told->absent) {
        review_buf_puts(b, " · ");
        review_buf_puts(b, w->words->absent);
    }

    if (group->needs_human) {
        review_buf_puts(b, " · ");
        review_buf_puts(b, w->words->human);
    }

    review_buf_puts(b, "\n\n");

    for (i = 0; i < group->nevidence; i++) {
        review_report_markdown_evidence(w, &group->evidence[i]);
    }

    review_report_markdown_warnings(w, group->warnings);
    review_report_markdown_place(w, group);
    review_report_markdown_chunks(w, group);
    review_report_markdown_words(w, w->words->reason, &group->told->reason);
    review_report_markdown_words(w, w->words->suggestion,
                                 &group->told->suggestion);

    if (group->told->confidence >= 0) {
        review_report_markdown_item(w, w->words->confidence);
        review_buf_decimal(b, group->told->confidence);
        review_buf_puts(b, "\n");
    }

    for (i = 0; i < group->nalso; i++) {
        review_report_markdown_also(w, group->also[i]);
    }

    review_report_markdown_set(w, w->words->note, review_notes,
                               w->words->notes, group->notes);

    review_buf_puts(b, "\n");
}


/* how much was read for a point about the document */

static void
review_report_markdown_searched(review_report_writer_t *w,
    const review_search_result_t *searched)
{
    review_buf_puts(w->b, w->words->searched[0]);
    review_buf_number(w->b, searched->chunks);
    review_buf_puts(w->b, w->words->searched[1]);
    review_buf_number(w->b, searched->of);
    review_buf_puts(w->b, w->words->searched[2]);

    if (searched->rounds) {
        review_buf_puts(w->b, w->words->searched[3]);
        review_buf_number(w->b, searched->rounds);
        review_buf_puts(w->b, w->words->searched[4]);
    }

    review_buf_puts(w->b, "\n\n");
}


static void
review_report_markdown_point(review_report_writer_t *w, size_t n)
{
    size_t                         i;
    review_search_result_t         searched;
    const review_report_column_t  *column;

    column = &w->report->columns[n];

    review_buf_puts(w->b, "## ");
    review_buf_number(w->b, n + 1);
    review_buf_puts(w->b, ". ");
    review_report_markdown_text(w->b, &w->report->points[n].title);
    review_buf_puts(w->b, "\n\n");

    if (column->warnings) {
        review_report_markdown_warned(w, n);
    }

    if (column->cells[REVIEW_REPORT_FAILED]
        + column->cells[REVIEW_REPORT_TIMEOUT])
    {
        review_buf_puts(w->b, w->words->unseen);
        review_buf_puts(w->b, "\n\n");

    } else if (column->ngroups == 0) {
        review_buf_puts(w->b, review_report_is_unread(w->report)
                              ? w->words->partly : w->words->nothing);
        review_buf_puts(w->b, "\n\n");
    }

    if (w->report->points[n].unheaded) {
        review_buf_puts(w->b, w->words->unheaded);
        review_buf_puts(w->b, "\n\n");
    }

    if (w->report->points[n].document) {
        review_report_markdown_searched(w, &w->report->wholes[n].searched);

    } else if (review_report_verdict_read(w->report, n, &searched)) {
        review_report_markdown_searched(w, &searched);
    }

    for (i = 0; i < column->ngroups; i++) {
        review_report_markdown_finding(w, n, i);
    }
}


/* there are several reasons for having none */

static const char *
review_report_markdown_verdict(review_report_writer_t *w,
    const review_report_column_t *column)
{
    const review_report_words_t  *words;

    words = w->words;

    if (column->verdict >= 0) {
        return words->verdicts[column->verdict];
    }

    if (column->cells[REVIEW_REPORT_FAILED]
        + column->cells[REVIEW_REPORT_TIMEOUT])
    {
        return words->none;
    }

    return column->skipped[REVIEW_REPORT_SKIP_SELECT] == 0
           && column->skipped[REVIEW_REPORT_SKIP_WHEN]
           ? words->closed : words->unasked;
}


/* a row of the summary */

static void
review_report_markdown_row(review_report_writer_t *w, size_t n)
{
    review_buf_t                  *b;
    const review_report_words_t   *words;
    const review_report_column_t  *column;

    b = w->b;
    words = w->words;
    column = &w->report->columns[n];

    review_buf_puts(b, "| ");
    review_buf_number(b, n + 1);
    review_buf_puts(b, ". ");
    review_report_markdown_text(b, &w->report->points[n].title);
    review_buf_puts(b, " | ");
    review_buf_puts(b, review_report_markdown_verdict(w, column));
    review_buf_puts(b, " | ");

    if (column->severity != -1) {
        review_buf_puts(b, words->severities[column->severity]);
    }

    review_buf_puts(b, " | ");
    review_buf_number(b, column->ngroups);
    review_buf_puts(b, " | ");
    review_buf_number(b, column->cells[REVIEW_REPORT_FAILED]
                         + column->cells[REVIEW_REPORT_TIMEOUT]);
    review_buf_puts(b, " | ");
    review_buf_puts(b, column->needs_human ? words->human : "");
    review_buf_puts(b, " |\n");
}


/* begins a line of what was not read, or with doubt; "id" is a reference's */

static void
review_report_markdown_lack(review_report_writer_t *w, const char *what,
    const review_str_t *id)
{
    review_report_markdown_item(w, what);

    if (id) {
        review_buf_puts(w->b, w->kind);
        review_report_markdown_text(w->b, id);
        review_buf_puts(w->b, w->words->comma);
    }
}


static int
review_report_markdown_is(const review_document_warning_t *warning,
    const char *code)
{
    return warning->code.len == strlen(code)
           && memcmp(warning->code.data, code, warning->code.len) == 0;
}


/* pages without text are told above: of a scan nothing else may be known */

static int
review_report_markdown_is_told(const review_document_t *doc,
    const review_document_warning_t *warning)
{
    return doc->nwithout && (warning->own || warning->detail.len == 0)
           && review_report_markdown_is(warning,
                                        review_pages[REVIEW_PAGE_SCAN]);
}


/* what we say ourselves, in the report's language */

static void
review_report_markdown_own(review_report_writer_t *w,
    const review_document_t *doc, const review_document_warning_t *warning)
{
    const review_report_words_t  *words;

    words = w->words;

    if (review_report_markdown_is(warning, review_pages[REVIEW_PAGE_OCR])) {
        review_buf_puts(w->b, words->pages);
        review_document_json_ranges(w->b, doc, REVIEW_PAGE_OCR,
                                    REVIEW_REPORT_RANGES);
        review_buf_puts(w->b, words->page_end);

    } else if (review_report_markdown_is(warning, "hidden_text")) {
        review_buf_puts(w->b, words->hidden[0]);
        review_buf_number(w->b, warning->n);
        review_buf_puts(w->b, words->hidden[1]);
        review_buf_number(w->b, doc->nhidden);
        review_buf_puts(w->b, words->hidden[2]);
        review_buf_number(w->b, doc->hidden[0].start);
        review_buf_puts(w->b, words->hidden[3]);

    } else if (review_report_markdown_is(warning, "too_many_pages")) {
        review_buf_puts(w->b, words->last);

    } else if (warning->n) {
        review_buf_puts(w->b, words->left[0]);
        review_buf_number(w->b, warning->n);
        review_buf_puts(w->b, words->left[1]);

    } else {
        review_report_markdown_text(w->b, &warning->detail);
    }
}


static void
review_report_markdown_doubt(review_report_writer_t *w,
    const review_document_t *doc, const review_document_warning_t *warning,
    const review_str_t *id)
{
    review_report_markdown_lack(w, review_warning_is_doubt(&warning->code)
                                   ? w->words->doubt : w->words->unread, id);
    review_report_markdown_text(w->b, &warning->code);

    if (warning->own) {
        review_buf_puts(w->b, w->words->colon);
        review_report_markdown_own(w, doc, warning);

    } else if (warning->detail.len) {
        review_buf_puts(w->b, w->words->colon);
        review_report_markdown_text(w->b, &warning->detail);
    }

    if (warning->page
        && !(warning->own
             && review_report_markdown_is(warning,
                                          review_pages[REVIEW_PAGE_OCR])))
    {
        review_buf_puts(w->b, w->words->comma);
        review_buf_puts(w->b, w->words->page);
        review_buf_number(w->b, warning->page);
        review_buf_puts(w->b, w->words->page_end);
    }

    review_buf_puts(w->b, "\n");
}


/* of the doubts, or of all else, the first "max"; how many */

static size_t
review_report_markdown_doubts(review_report_writer_t *w,
    const review_document_t *doc, const review_str_t *id, int doubt, size_t max)
{
    size_t  i, n;

    for (i = 0, n = 0; i < doc->nwarnings && n < max; i++) {
        if (review_warning_is_doubt(&doc->warnings[i].code) == doubt
            && !review_report_markdown_is_told(doc, &doc->warnings[i]))
        {
            review_report_markdown_doubt(w, doc, &doc->warnings[i], id);
            n++;
        }
    }

    return n;
}


/* of a text: pages, then the first of the warnings, doubts at last */

static void
review_report_markdown_lacks(review_report_writer_t *w,
    const review_document_t *doc, const review_str_t *id)
{
    size_t  i, n, all;

    for (i = 0, all = 0; i < doc->nwarnings; i++) {
        all += !review_report_markdown_is_told(doc, &doc->warnings[i]);
    }

    if (doc->nwithout) {
        review_report_markdown_lack(w, w->words->unread, id);
        review_buf_puts(w->b, w->words->pages);
        review_document_json_ranges(w->b, doc, REVIEW_PAGE_SCAN,
                                    REVIEW_REPORT_RANGES);
        review_buf_puts(w->b, w->words->without);
        review_buf_puts(w->b, "\n");
    }

    n = review_report_markdown_doubts(w, doc, id, 0, REVIEW_REPORT_DOUBTS);
    n += review_report_markdown_doubts(w, doc, id, 1, REVIEW_REPORT_DOUBTS - n);

    if (n < all) {
        review_report_markdown_lack(w, w->words->more, id);
        review_buf_number(w->b, all - n);
        review_buf_puts(w->b, "\n");
    }
}


static void
review_report_markdown_all_lacks(review_report_writer_t *w)
{
    size_t                            i, n;
    const review_report_reference_t  *text;

    n = 0;
    w->kind = w->words->document;

    for (i = 0; i < w->report->ndocuments; i++) {
        text = &w->report->documents[i];
        review_report_markdown_lacks(w, &text->document,
                                     text->id.len ? &text->id : NULL);
        n += text->document.nwithout + text->document.nwarnings;
    }

    w->kind = w->words->reference;

    for (i = 0; i < w->report->nreferences; i++) {
        text = &w->report->references[i];
        review_report_markdown_lacks(w, &text->document, &text->id);
        n += text->document.nwithout + text->document.nwarnings;
    }

    if (n) {
        review_buf_puts(w->b, "\n");
    }
}


static void
review_report_markdown_summary(review_report_writer_t *w,
    const review_str_t *title)
{
    size_t                   i;
    review_buf_t            *b;
    review_report_outcome_e  outcome;

    b = w->b;
    outcome = review_report_outcome_all(w->report);

    review_buf_puts(b, "# ");

    if (title && title->len) {
        review_report_markdown_text(b, title);

    } else {
        review_buf_puts(b, w->words->title);
    }

    review_buf_puts(b, "\n\n");
    review_buf_puts(b, w->words->status);
    review_buf_puts(b, w->words->colon);
    review_buf_puts(b, w->words->statuses[outcome]);

    if (w->report->cut) {
        review_buf_puts(b, w->words->comma);
        review_buf_puts(b, w->words->cut);
    }

    review_buf_puts(b, "  \n");
    review_buf_puts(b, w->words->chunks);
    review_buf_puts(b, w->words->colon);
    review_buf_number(b, w->report->nchunks);
    review_buf_puts(b, "\n\n");
    review_report_markdown_all_lacks(w);
    review_buf_puts(b, "## ");
    review_buf_puts(b, w->words->summary);
    review_buf_puts(b, "\n\n");
    review_buf_puts(b, w->words->head);
    review_buf_puts(b, "| --- | --- | --- | ---: | ---: | --- |\n");

    for (i = 0; i < w->report->npoints; i++) {
        review_report_markdown_row(w, i);
    }

    review_buf_puts(b, "\n");
}


/* has all of the chunk failed alike? */

static int
review_report_markdown_all_alike(const review_report_t *report, size_t chunk)
{
    size_t                       i;
    const review_report_cell_t  *cell, *first;

    first = NULL;

    for (i = 0; i < report->npoints; i++) {

        if (report->points[i].document) {
            continue;
        }

        cell = review_report_cell(report, chunk, i);
        first = first ? first : cell;

        if (cell->status != first->status || cell->u.error != first->u.error) {
            return 0;
        }
    }

    return 1;
}


/* the rest of a row, behind where it is */

static void
review_report_markdown_failure(review_report_writer_t *w,
    const review_report_cell_t *cell, const review_str_t *title)
{
    char           name[REVIEW_CODE_NAME];
    review_buf_t  *b;
    review_str_t   code;

    b = w->b;

    if (title) {
        review_report_markdown_text(b, title);

    } else {
        review_buf_puts(b, w->words->all);
    }

    review_buf_puts(b, " | ");
    review_buf_puts(b, w->words->cells[cell->status]);
    review_buf_puts(b, " | ");
    code = review_report_code(cell->u.error, name);
    review_report_markdown_text(b, &code);

    if (cell->u.error->detail.len) {
        review_buf_puts(b, ": ");
        review_report_markdown_text(b, &cell->u.error->detail);
    }

    review_buf_puts(b, " |\n");
}


static int
review_report_markdown_is_failed(const review_report_cell_t *cell)
{
    return cell->status == REVIEW_REPORT_FAILED
           || cell->status == REVIEW_REPORT_TIMEOUT;
}


static void
review_report_markdown_failed(review_report_writer_t *w, size_t chunk,
    size_t point, int all)
{
    review_buf_t                 *b;
    review_where_t                where;
    const review_report_chunk_t  *c;

    b = w->b;
    c = &w->report->chunks[chunk];
    review_report_text_chunk(w->report, chunk, &where);

    review_buf_puts(b, "| ");
    review_report_markdown_text(b, &c->id);
    review_buf_puts(b, " | ");
    review_report_markdown_where(w, &where, c->start, c->end);
    review_buf_puts(b, " | ");
    review_report_markdown_failure(w,
                                review_report_cell(w->report, chunk, point),
                                all ? NULL : &w->report->points[point].title);
}


/* of a chunk; of several points that have failed alike there is one row */

static void
review_report_markdown_chunk_failed(review_report_writer_t *w, size_t chunk)
{
    int     all;
    size_t  i;

    all = w->report->npoints > 1
          && review_report_markdown_all_alike(w->report, chunk);

    for (i = 0; i < w->report->npoints; i++) {

        if (w->report->points[i].document
            || !review_report_markdown_is_failed(
                                    review_report_cell(w->report, chunk, i)))
        {
            continue;
        }

        review_report_markdown_failed(w, chunk, i, all);

        if (all) {
            break;
        }
    }
}


static void
review_report_markdown_all_failed(review_report_writer_t *w)
{
    size_t                       i;
    const review_report_cell_t  *cell;

    if (w->report->counts.failed + w->report->counts.timeout == 0) {
        return;
    }

    review_buf_puts(w->b, "## ");
    review_buf_puts(w->b, w->words->failed);
    review_buf_puts(w->b, "\n\n");
    review_buf_puts(w->b, w->words->failed_head);
    review_buf_puts(w->b, "| --- | --- | --- | --- | --- |\n");

    for (i = 0; i < w->report->nchunks; i++) {
        review_report_markdown_chunk_failed(w, i);
    }

    for (i = 0; i < w->report->npoints; i++) {
        cell = &w->report->wholes[i].cell;

        if (w->report->points[i].document
            && review_report_markdown_is_failed(cell))
        {
            review_buf_puts(w->b, "| | ");
            review_buf_puts(w->b, w->words->whole);
            review_buf_puts(w->b, " | ");
            review_report_markdown_failure(w, cell,
                                           &w->report->points[i].title);
        }
    }

    review_buf_puts(w->b, "\n");
}


void
review_report_markdown(const review_report_t *report, review_buf_t *b,
    const char *language, const review_str_t *title)
{
    size_t                  i;
    review_report_writer_t  w;

    w.report = report;
    w.b = b;
    w.words = language && strcmp(language, "en") == 0
              ? &review_report_en : &review_report_zh;

    review_report_markdown_summary(&w, title);

    for (i = 0; i < report->npoints; i++) {
        review_report_markdown_point(&w, i);
    }

    review_report_markdown_all_failed(&w);
}
