
/*
 * Proves which headings stand above each line of a text: titles, articles with
 * and without their titles, parts of parts, clauses by their numbers; that
 * numbers in running text and in tables of contents are none; that of a law of
 * 1260 articles, and of the law in t/data, each line is named as it should be;
 * and that the time grows with the text alone.
 *
 * Expected are the lines of the text, each as "heading|heading: line".
 */

#define _GNU_SOURCE                    /* memmem() */

#include <time.h>

#include "tap.h"
#include "review/base/buf.h"
#include "review/outline/outline.h"


#define ARTICLES  1260
#define MB        (1024 * 1024)


static review_pool_t  *pool;


static void
add_path(review_buf_t *b, const review_heading_t *h)
{
    if (h->parent) {
        add_path(b, h->parent);
        review_buf_puts(b, "|");
    }

    review_buf_str(b, &h->text);
}


/* of a line: its headings */

static review_str_t
path_of(const review_outline_t *outline, const char *p)
{
    review_buf_t             b;
    review_str_t             path;
    const review_heading_t  *h;

    review_buf_init(&b, pool, 64);
    h = review_heading_above(&outline->headlines,
                             (size_t) (p - outline->text));

    if (h) {
        add_path(&b, h);
    }

    path.data = b.len ? b.data : "";
    path.len = b.len;

    return path;
}


/* a text in which each line is "headings: line" */

static void
are_named(const char *lines, const char *name)
{
    size_t             n;
    const char        *p, *end, *mark;
    review_buf_t       text, got;
    review_str_t       path;
    review_line_t      line;
    review_outline_t   outline;

    review_buf_init(&text, pool, 256);
    review_buf_init(&got, pool, 256);

    for (p = lines; *p; p = end + 1) {
        end = strchr(p, '\n');
        mark = memmem(p, (size_t) (end - p), ": ", 2);
        mark = mark ? mark + 2 : end;

        review_buf_add(&text, mark, (size_t) (end - mark) + 1);
    }

    if (review_outline_read(&outline, pool, text.data, text.len, 0) != 0) {
        ok(0, "%s: no memory", name);
        return;
    }

    for (p = text.data; p < text.data + text.len; p = line.next) {
        review_line_read(&line, p, text.data + text.len);

        if (line.text < line.end) {
            path = path_of(&outline, line.text);
            review_buf_str(&got, &path);
            review_buf_puts(&got, ": ");
        }

        n = (size_t) (line.next - p);
        review_buf_add(&got, p, n);
    }

    is_str(got, lines, "%s", name);
}


static void
test_articles(void)
{
    are_named("第一章 总则: 第一章 总则\n"
              "第一章 总则|第一条: 第一条　为了规范招标投标活动，制定本法。\n"
              "第一章 总则|第一条: 适用本法。\n"
              "第一章 总则|第二条: 第二条 招标投标活动，适用本法。\n"
              "\n"
              "第一章 总则|第二条: 前款所列项目，依照第六条规定。\n"
              "第一章 总则|第二条之一: 第二条之一 甲。\n"
              "第二章 招标: 第二章 招标\n"
              "第二章 招标: 前言。\n"
              "第二章 招标|第３条: 第３条　乙。\n",
              "articles and what stands under them");

    are_named("第一条 【立法目的】: 第一条 【立法目的】为了规范，制定本法。\n"
              "第二条（定义）: 第二条（定义）本法所称招标。\n"
              "第三条 付款方式: 第三条 付款方式\n"
              "第三条 付款方式: 甲方应当付款。\n"
              "第四条: 第四条 （二）项所列。\n"
              "第五条: **第五条** 甲。\n"
              "Article 6: Article 6. The parties agree.\n",
              "titles of articles");

    are_named("第一编 总则: 第一编 总则\n"
              "第一编 总则|第一章 基本规定: 第一章 基本规定\n"
              "第一编 总则|第一章 基本规定|第一条: 第一条 甲。\n"
              "第二编 物权: 第二编 物权\n"
              "第二编 物权|第一分编 通则: 第一分编 通则\n"
              "第二编 物权|第一分编 通则|第一章 一般规定: 第一章 一般规定\n"
              "第二编 物权|第一分编 通则|第一章 一般规定|第二条: 第二条 乙。\n"
              "第二编 物权|第二分编 所有权: 第二分编 所有权\n"
              "第二编 物权|第二分编 所有权|第四章 丙: 第四章 丙\n"
              "第二编 物权|第二分编 所有权|第四章 丙|第一节 丁: 第一节 丁\n"
              "第二编 物权|第二分编 所有权|第四章 丙|第一节 丁|第三条: "
              "第三条 戊。\n", "parts of parts");

    are_named("第一条: 第一条招标人应当。\n"
              "第二条: 第二条所有投标人，均适用本法。\n"
              "第二条: 第三条所列情形，除外。\n"
              "第二条: 第九条以招标方式采购的。\n"
              "第三条: 第三条以招标方式采购的，适用本法。\n"
              "第三条: 根据\n"
              "第三条: 第四条规划的。\n", "without a blank behind the number");
}


static void
test_clauses(void)
{
    are_named("第三章 投标: 第三章 投标\n"
              "第三章 投标|3.2 投标保证金: 3.2 投标保证金\n"
              "第三章 投标|3.2 投标保证金|3.2.1: 3.2.1 投标人应当提交，否则无效。\n"
              "第三章 投标|3.2 投标保证金|3.2.1: （一）现金；\n"
              "第三章 投标|3.2 投标保证金|3.2.1: （二）保函。\n"
              "第三章 投标|3.2 投标保证金|3.2.2 数额: 3.2.2 数额：不超过2%。\n"
              "第三章 投标|3.2 投标保证金|3.2.3: 3.2.3投标人，不得撤回。\n"
              "第三章 投标|3.2 投标保证金|3.2.3|3.2.3.1: 3.2.3.1 甲，乙。\n"
              "第三章 投标|3.3: 3.3 投标文件，应当密封。\n"
              "第四章 评标: 第四章 评标\n"
              "第四章 评标|4.1: 4.1 评标，由委员会负责。\n",
              "clauses below titles and each other");

    are_named("1.1 总则: 1.1 总则\n"
              "1.2 公司资质: 1.2 公司资质\n"
              "1.3 平面图: 1.3 平面图\n"
              "1.3 平面图: 3.2 公里，\n"
              "1.3 平面图: 1.4 万元以下的，不招标。\n"
              "1.3 平面图: 1.5 倍。\n"
              "1.4 分包: 1.4 分包\n",
              "what may be a measure is one unless it counts on");

    are_named("3.1 范围: 3.1 范围\n"
              "3.1 范围: 全程\n"
              "3.1 范围: 3.2 公里，桥长\n"
              "3.1 范围: 3.2km，厚\n"
              "3.1 范围: 3.2 mm\n"
              "3.1 范围: 3.2 小时，按照\n"
              "3.1 范围: 3.2 款规定的期限，即第\n"
              "3.1 范围: 3.2 项所列。\n"
              "3.2 条件: 3.2 条件\n"
              "3.3 款项支付: 3.3 款项支付\n"
              "3.4 项目经理: 3.4 项目经理\n"
              "3.5 mmap: 3.5 mmap\n",
              "what no title begins with, though it counts on");

    are_named("3.1: 3.1 甲，乙。\n"
              "3.1: 2.5 版本，不再使用。\n"
              "3.1: 10.2 条所称的，丙。\n"
              "3.1: 2024.03.15 开标，丁。\n"
              "3.1: 192.168.1.1 为地址，戊。\n"
              "3.1: 金额为\n"
              "3.1: 3.9 万元。\n"
              "3.4: 3.4 己，庚。\n"
              "1.1: 1.1 附件，一。\n"
              "1.2: 1.2 附件，二。\n",
              "numbers in running text; those that are left out; anew");

    are_named("3 Terms: 3 Terms\n"
              "\n"
              "3 Terms|3.1 Payment: 3.1 Payment\n"
              "3 Terms|3.1 Payment|3.1.1 Price: 3.1.1 Price. The buyer pays, "
              "as agreed.\n"
              "3 Terms|3.1 Payment|3.1.2: 3.1.2 The seller shall, at any time, "
              "deliver.\n", "in English");

    are_named(": 目录\n"
              ": 1.1 总则……1\n"
              ": 1.2 投标\t2\n"
              ": 第一章 甲\n"
              ": 第一分编 乙 ..... 3\n"
              ": 第二条 丙 ..... 4\n"
              "第一章 甲: 第一章 甲\n"
              "第一章 甲|1.1: 1.1 乙，丙。\n", "a table of contents");

    are_named("甲: # 甲\n"
              "甲: 保证金的数额、形式和递交的时间均按照投标人须知前附表的规定，见条款\n"
              "甲: 3.4.1 投标保证金的规定，丙。\n"
              "甲|3.1: 3.1 甲，乙。\n"
              "甲|3.1: ```\n"
              "甲|3.1: 3.2 丙，丁。\n"
              "甲|3.1: ```\n"
              "甲|3.1: | 3.2 | 戊 |\n"
              "甲|3.1: |-----|----|\n"
              "甲|3.1: | 3.3 | 己 |\n", "a wrapped line, code, tables");
}


/* 12, 120, 1205: as they are written in laws */

static void
add_numeral(review_buf_t *b, int n)
{
    int  unit, digit, zero, any;

    static const char *const  digits[] = {
        "零", "一", "二", "三", "四", "五", "六", "七", "八", "九"
    };
    static const char *const  units[] = { "", "十", "百", "千" };

    zero = 0;
    any = 0;

    for (unit = 3; unit >= 0; unit--) {
        digit = n / (unit == 3 ? 1000 : unit == 2 ? 100 : unit == 1 ? 10 : 1)
                % 10;

        if (digit == 0) {
            zero = any;
            continue;
        }

        if (zero) {
            review_buf_puts(b, "零");
            zero = 0;
        }

        if (!(unit == 1 && digit == 1 && !any)) {
            review_buf_puts(b, digits[digit]);
        }

        review_buf_puts(b, units[unit]);
        any = 1;
    }
}


/* a law made of so many articles; each line's path in "paths", by its order */

static void
make_law(review_buf_t *text, review_buf_t *paths, const char *blank)
{
    int           i, k, chapter;
    review_buf_t  head, path;

    static const char *const  bodies[] = {
        "当事人应当遵循公平原则，确定各方的权利和义务。",
        "有下列情形之一的，合同无效：",
        "依照本法第三条规定，由人民法院确定。",
        "规定的期限届满，权利人可以请求清偿；第六条所列情形除外。"
    };

    review_buf_init(&head, pool, 256);
    chapter = 0;

    for (i = 1; i <= ARTICLES; i++) {

        if (i % 63 == 1) {
            review_buf_init(&head, pool, 256);
            chapter++;

            review_buf_puts(&head, "第");
            add_numeral(&head, chapter);
            review_buf_puts(&head, "章 总则");

            review_buf_add(text, head.data, head.len);
            review_buf_puts(text, "\n\n");
            review_buf_add(paths, head.data, head.len);
            review_buf_puts(paths, "\n");
        }

        review_buf_init(&path, pool, 256);
        review_buf_puts(&path, "第");
        add_numeral(&path, i);
        review_buf_puts(&path, "条");

        review_buf_add(text, path.data, path.len);
        review_buf_puts(text, blank);
        review_buf_puts(text, bodies[i % 4]);
        review_buf_puts(text, "\n");

        for (k = 0; k <= i % 3; k++) {
            review_buf_add(paths, head.data, head.len);
            review_buf_puts(paths, "|");
            review_buf_add(paths, path.data, path.len);
            review_buf_puts(paths, "\n");

            if (k < i % 3) {
                review_buf_puts(text, k ? "（二）违反法律、行政法规；\n"
                                        : "（一）违背公序良俗；\n");
            }
        }

        review_buf_puts(text, "\n");
    }
}


static void
test_made_law(const char *blank, const char *name)
{
    int                wrong, articles;
    const char        *p, *want, *end;
    review_buf_t       text, paths;
    review_str_t       path;
    review_line_t      line;
    review_outline_t   outline;

    review_buf_init(&text, pool, MB);
    review_buf_init(&paths, pool, MB);
    make_law(&text, &paths, blank);

    wrong = review_outline_read(&outline, pool, text.data, text.len, 0) != 0;
    articles = 0;
    want = paths.data;

    for (p = text.data; !wrong && p < text.data + text.len; p = line.next) {
        review_line_read(&line, p, text.data + text.len);

        if (line.text == line.end) {
            continue;
        }

        path = path_of(&outline, line.text);
        end = memchr(want, '\n', paths.len - (size_t) (want - paths.data));

        if (path.len != (size_t) (end - want)
            || memcmp(path.data, want, path.len) != 0)
        {
            wrong++;
            printf("# got %.*s, expected %.*s\n", (int) path.len, path.data,
                   (int) (end - want), want);
        }

        articles += memcmp(line.text, "第", 3) == 0
                    && memchr(want, '|', (size_t) (end - want)) != NULL;
        want = end + 1;
    }

    ok(wrong == 0 && articles == ARTICLES,
       "a law of %d articles, %s: %d lines are named wrong", articles, name,
       wrong);
}


/* 招标投标法: what stands under 第N条 is all up to 第N+1条, or a chapter */

static void
test_law(const char *file)
{
    int                wrong, articles;
    char              *data;
    FILE              *f;
    size_t             len;
    const char        *p;
    review_buf_t       want;
    review_str_t       path, own;
    review_line_t      line;
    review_outline_t   outline;

    data = review_alloc(pool, MB);
    f = fopen(file, "rb");
    len = f ? fread(data, 1, MB, f) : 0;

    if (f) {
        fclose(f);
    }

    wrong = review_outline_read(&outline, pool, data, len, 0) != 0;
    articles = 0;
    review_buf_init(&want, pool, 64);

    for (p = data; !wrong && p < data + len; p = line.next) {
        review_line_read(&line, p, data + len);

        if (line.text == line.end) {
            continue;
        }

        own.len = 0;

        if (memcmp(line.text, "## ", 3) == 0) {
            own.data = line.text + 3;
            own.len = (size_t) (line.end - own.data);

        } else if (memcmp(line.text, "第", 3) == 0) {
            own.data = line.text;
            own.len = (size_t) ((const char *) memchr(line.text, ' ', 64)
                                - line.text);
            articles++;
        }

        if (own.len) {
            review_buf_init(&want, pool, 64);
            review_buf_str(&want, &own);
        }

        path = path_of(&outline, line.text);

        wrong += want.len
                 && (path.len < want.len
                     || memcmp(path.data + path.len - want.len, want.data,
                               want.len)
                        != 0);
    }

    ok(wrong == 0 && articles == 68, "the law of %d articles: %d lines",
       articles, wrong);
}


static double
now(void)
{
    struct timespec  t;

    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);

    return (double) t.tv_sec + (double) t.tv_nsec / 1e9;
}


/* a minute, under a sanitizer, would be far from linear */

static void
test_hostile(void)
{
    char              *text;
    size_t             i, k, n, len, found;
    double             took;
    review_outline_t   outline;

    static const char *const  parts[] = {
        "1.1 甲，\n", "1.1.1.1.1.1.1 甲，\n", "第一条所有\n", "第一分编 甲\n",
        "3.2 公\n", "1.1 【", "第一条 【甲\n", "3.1 甲：", "1.1 a. ",
    };

    for (k = 0; k < sizeof(parts) / sizeof(parts[0]); k++) {
        n = strlen(parts[k]);
        len = MB / n * n;
        text = malloc(len);

        for (i = 0; i < len; i += n) {
            memcpy(text + i, parts[k], n);
        }

        took = now();
        found = 0;

        if (review_outline_read(&outline, pool, text, len, 0) == 0) {
            for (i = 0; i < len; i += 16) {
                found += review_heading_above(&outline.headlines, i) != NULL;
            }
        }

        took = now() - took;
        free(text);

        ok(took < 10, "1 MB of %.*s: %zu found in %.0f ms",
           (int) strcspn(parts[k], "\n"), parts[k], found, took * 1000);
    }
}


int
main(int argc, char **argv)
{
    pool = tap_pool();

    test_articles();
    test_clauses();
    test_made_law(" ", "with blanks");
    test_made_law("\u3000", "with wide blanks");
    test_law(argc > 1 ? argv[1] : "t/data/招标投标法.md");
    test_hostile();

    tap_pool_free(pool);

    return tap_end();
}
