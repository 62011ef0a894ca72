
/*
 * Proves which headings fit the names of chapters, however these are numbered
 * and written; that those that fit best are taken, and what stands below them.
 */

#include "tap.h"

#include "review/search/chapter.h"
#include "review/split/split.h"


static review_pool_t  *pool;


/* a grade of a heading, for names that "|" parts */

static unsigned
grade(const char *names, const char *heading)
{
    size_t                         n;
    char                          *p, *list;
    unsigned char                  grades[4];
    review_str_t                   all[8];
    review_split_t                *split;
    review_split_options_t         options;
    const review_outline_t        *outline;
    char                           text[512];

    list = review_alloc(pool, strlen(names) + 1);
    strcpy(list, names);

    for (n = 0, p = strtok(list, "|"); p; p = strtok(NULL, "|"), n++) {
        all[n].data = p;
        all[n].len = strlen(p);
    }

    snprintf(text, sizeof(text), "# %s\n\n正文。\n", heading);
    memset(&options, 0, sizeof(options));
    options.max = 1000;

    split = review_split_create(pool, text, strlen(text), &options);
    outline = review_split_outline(split);

    if (outline->headlines.n != 1) {
        printf("# %u headings in %s\n", outline->headlines.n, text);
        return 99;
    }

    return review_chapter_grades(review_chapter_names(pool, all, n),
                                 &outline->headlines, grades);
}


static void
test_grades(void)
{
    size_t  i;

    static const struct {
        const char  *names;
        const char  *heading;
        unsigned     grade;
    } tests[] = {
        { "投标文件格式", "第六章 投标文件格式", 3 },
        { "投标文件格式", "第六章　投标文件格式", 3 },
        { "投标文件格式", "第 六 章 投 标 文 件 格 式", 3 },
        { "投标文件格式", "六、投标文件格式", 3 },
        { "投标文件格式", "（六）《投标文件格式》", 3 },
        { "投标文件格式", "6.1 投标文件格式", 3 },
        { "投标文件格式", "6.1.2、投标文件格式", 3 },
        { "投标文件格式", "(6) 投标文件格式", 3 },
        { "投标文件格式", "附件2：投标文件格式", 3 },
        { "投标文件格式", "第三部分 一、投标文件格式", 3 },
        { "投标文件格式", "**投标文件格式**", 3 },
        { "第六章 投标文件格式", "投标文件格式", 3 },
        { "Bid Form", "Chapter 3 BID  FORM", 3 },
        { "投标函", "投标函及投标函附录", 2 },
        { "投标函|投标函及投标函附录", "投标函及投标函附录", 3 },
        { "投标人须知", "投标人须知前附表", 2 },
        { "投标人须知|投标人须知前附表", "投标人须知前附表", 3 },
        { "报价", "第四章 投标报价", 1 },
        { "价", "第四章 投标报价", 0 },
        { "价", "价", 3 },
        { "授权委托书", "法定代表人授权委托书", 1 },
        { "投标保函", "投标函", 0 },
        { "三年质保", "三年质保", 3 },
        { "附件", "附件", 3 },
        { "第三章", "第三章", 3 },
        { "资格审查资料", "⼋、资格审查资料", 3 },
        { "投标函", "3.1投标函", 3 },
        { "投标函", "3 投标函", 3 },
        { "投标函", "12　投标函", 3 },
        { "2026年财务报告", "2025年财务报告", 0 },
        { "2026年财务报告", "3 2026年财务报告", 3 },
        { "10kV变电站", "110kV变电站", 1 },
        { "1号楼", "2号楼", 0 },
        { "3C认证", "C认证", 0 },
        { "3C认证", "3C认证", 3 }
    };

    for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++) {
        ok(grade(tests[i].names, tests[i].heading) == tests[i].grade,
           "%s: %s", tests[i].names, tests[i].heading);
    }
}


static void
test_below(void)
{
    char                     at[16];
    size_t                   i;
    unsigned                 best;
    const char              *p;
    unsigned char            grades[64];
    review_split_t          *split;
    const review_list_t     *list;
    review_split_options_t   options;

    static const char  text[] =
        "前言1。\n\n# 第一章 投标函\n\n正文2。\n\n## 一、报价\n\n正文3。\n\n"
        "# 第二章 投标函附录\n\n正文4。\n\n# 第三章 其他\n\n正文5。\n\n"
        "## 投标函\n\n正文6。\n\n### 说明\n\n正文7。\n\n## 杂项\n\n正文8。\n";
    static const review_str_t  name = review_string("投标函");
    static const int           below[] = { 0, 1, 1, 0, 0, 1, 1, 0 };

    memset(&options, 0, sizeof(options));
    options.max = 1000;

    split = review_split_create(pool, text, strlen(text), &options);
    list = &review_split_outline(split)->headlines;

    best = review_chapter_grades(review_chapter_names(pool, &name, 1), list,
                                 grades);
    ok(best == 3, "one is equal");
    review_chapter_mark(list, grades, best);

    for (i = 0; i < 8; i++) {
        snprintf(at, sizeof(at), "%zu。", i + 1);
        p = strstr(text, at);

        ok(review_chapter_is_below(list, grades, (size_t) (p - text),
                                   (size_t) (p - text) + 1)
           == below[i], "place %zu", i + 1);
    }

    ok(review_chapter_is_below(list, grades, 0, strlen(text)),
       "what has one in it");
}


int
main(void)
{
    pool = tap_pool();

    test_grades();
    test_below();

    tap_pool_free(pool);

    return tap_end();
}
