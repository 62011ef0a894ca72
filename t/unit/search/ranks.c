
/*
 * Proves in which order chunks are read: by words, by embeddings, by both, and
 * none that is in no question.  And, for generated bids of a hundred pages, how
 * often a fact that stands there once is among the first chunks, where a query
 * has a word of the trade for it; the same words stand in every sixth chunk, in
 * what says nothing.  By the last round each of them was read, whatever the
 * words are.  How it is where these words stand all over the bid is told, too.
 */

#include "tap.h"

#include "review/search/ranks.h"
#include "review/search/search.h"
#include "review/split/split.h"


#define BIDS    60
#define PAGES   100
#define PAGE    1000                     /* code points, or so */
#define CHUNKS  2000

static review_pool_t  *pool;
static uint64_t        seed = 20261201;


static uint32_t
roll(uint32_t n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;

    return (uint32_t) (seed >> 33) % n;
}


/* what is asked for, and how it may be written: up to four ways, then where */

typedef struct {
    const char  *words[5];
    const char  *sentence;
    const char  *noise[3];
} fact_t;

static const fact_t  facts[] = {
    { { "质保期", "保修期", "质量保证期", "缺陷责任期" },
      "本项目%s为自竣工验收合格之日起叁拾陆个月。",
      { "%s内的各项服务按照招标文件执行。", "关于%s的约定详见合同条款。",
        "投标人应当充分考虑%s的费用。" } },
    { { "投标有效期", "投标书有效期限", "报价有效期", "标书有效期" },
      "我方承诺%s自开标之日起为壹佰贰拾日历天。",
      { "在%s内投标人不得撤销投标文件。", "%s不足的按无效投标处理。",
        "延长%s应当书面通知。" } },
    { { "营业执照", "工商营业执照", "企业法人营业执照", "统一社会信用代码证" },
      "投标人%s号码为91440300MA5EXAMPLE，在有效期内。",
      { "应当提供%s复印件并加盖公章。", "%s应当在经营范围内。",
        "未提供%s的不予受理。" } },
    { { "投标保证金", "投标担保", "投标保函", "保证金" },
      "%s已于递交前由基本账户转出，共计人民币捌拾万元。",
      { "未按要求提交%s的投标将被否决。", "%s的退还按照规定办理。",
        "%s应当符合招标文件的要求。" } },
    { { "项目经理", "项目负责人", "拟派项目经理", "现场负责人" },
      "%s张伟具有一级注册建造师资格，证书编号粤144。",
      { "%s应当常驻现场。", "更换%s须经招标人书面同意。",
        "%s的职责按照岗位说明书执行。" } },
    { { "工期", "计划工期", "交货期", "供货周期" },
      "我方承诺%s为贰佰肆拾日历天，自开工令下达之日起算。",
      { "%s延误的按合同承担违约责任。", "合理安排%s是保证质量的前提。",
        "影响%s的因素应当提前识别。" } },
    { { "安全生产许可证", "安全许可", "安许证", "安全生产许可" },
      "我公司%s编号为粤JZ安许证字2023第0001号。",
      { "应当具备有效的%s。", "%s被暂扣的不得参加投标。",
        "%s的延期按照规定办理。" } },
    { { "质量管理体系", "ISO9001", "质量体系认证", "质量管理认证" },
      "%s证书由某认证中心颁发，注册号为0123Q4567R8M。",
      { "%s应当持续有效运行。", "按照%s的要求编制作业文件。",
        "%s的内部审核每年不少于一次。" } },
    { { "违约金", "逾期罚款", "延期赔偿", "误期损失赔偿" },
      "%s按照合同总价的千分之三每日计算，累计不超过百分之十。",
      { "%s从应付款项中扣除。", "关于%s的争议由双方协商解决。",
        "支付%s不免除继续履行的义务。" } },
    { { "增值税税率", "适用税率", "税率", "计税比例" },
      "本次报价%s为百分之九，提供专用发票。",
      { "%s调整的按照国家规定执行。", "报价应当包含按%s计算的税金。",
        "%s以开票时的规定为准。" } }
};

#define FACTS  (sizeof(facts) / sizeof(facts[0]))


static const char *const  filler[] = {
    "投标人应当仔细阅读招标文件的全部内容。", "施工组织设计应当科学合理、切实可行。",
    "各工序之间应当做好交接检查并形成记录。", "材料进场前应当报监理工程师验收。",
    "现场管理人员应当持证上岗。", "临时用电应当符合规范的要求。",
    "文明施工措施按照当地主管部门的规定执行。", "资料应当随工程进度同步整理归档。",
    "机械设备应当定期保养，确保状态良好。", "雨季施工应当制定专项方案。"
};


static void
put(review_buf_t *b, const char *fmt, const char *word)
{
    char  text[1024];

    snprintf(text, sizeof(text), fmt, word);
    review_buf_puts(b, text);
}


/* the bid, and of each fact the words that it is written with */

static review_str_t
bid_of(uint32_t rare, size_t *ways, size_t *at)
{
    char           heading[128];
    size_t         i, k, page, where[FACTS];
    review_buf_t   b;
    review_str_t   text;
    const fact_t  *fact;

    for (i = 0; i < FACTS; i++) {
        ways[i] = roll(4);
        where[i] = roll(PAGES);
    }

    review_buf_init(&b, pool, PAGES * PAGE * 4);

    for (page = 0; page < PAGES; page++) {
        snprintf(heading, sizeof(heading), "\n# 第%zu节 一般说明\n\n", page + 1);
        review_buf_puts(&b, heading);

        for (k = 0; k < PAGE / 20; k++) {
            fact = &facts[roll(FACTS)];

            if (roll(rare) == 0) {
                put(&b, fact->noise[roll(3)], fact->words[roll(4)]);

            } else {
                review_buf_puts(&b, filler[roll(10)]);
            }

            if (k == PAGE / 40) {
                for (i = 0; i < FACTS; i++) {
                    if (where[i] == page) {
                        at[i] = b.len;
                        put(&b, facts[i].sentence, facts[i].words[ways[i]]);
                    }
                }
            }

            if (k % 5 == 4) {
                review_buf_puts(&b, "\n\n");
            }
        }
    }

    text.data = b.data;
    text.len = b.len;

    return text;
}


static size_t
split_of(const review_str_t *text, review_str_t *texts, size_t *starts)
{
    size_t                  n;
    review_chunk_t          chunk;
    review_split_t         *split;
    review_split_options_t  options;

    memset(&options, 0, sizeof(options));
    options.max = 1000;

    split = review_split_create(pool, text->data, text->len, &options);

    for (n = 0; n < CHUNKS && review_split_next(split, &chunk) > 0; n++) {
        texts[n].data = text->data + chunk.start;
        texts[n].len = chunk.end - chunk.start;
        starts[n] = chunk.end;
    }

    return n;
}


static size_t
chunk_at(const size_t *ends, size_t n, size_t at)
{
    size_t  i;

    for (i = 0; i < n && ends[i] <= at; i++) { /* void */ }

    return i;
}


/* is it in the first round?  And in any? */

static void
look(const review_ranks_t *ranks, const review_str_t *words, size_t chunk,
    size_t *first, size_t *ever)
{
    size_t                          i, k, n, sizes[CHUNKS];
    uint32_t                        order[CHUNKS];
    unsigned char                   in[CHUNKS];
    review_search_t                *s;
    review_ranks_query_t            query = { .words = words, .in = in };
    review_search_given_t           given = {
        .order = order, .units = sizes, .bytes = sizes, .k = 12,
        .max_bytes = SIZE_MAX / 2, .rounds = 3, .steps = 1
    };
    review_search_answer_t          none = { .found = 0 };
    const review_search_reading_t  *reading;

    memset(in, 1, sizeof(in));

    for (i = 0; i < CHUNKS; i++) {
        sizes[i] = 1;
    }

    if (review_ranks_order(pool, ranks, &query, order, &given.n) != 0) {
        abort();
    }

    s = review_search_create(pool, &given);

    for (n = 0; n < review_search_readings(s); n++) {
        reading = review_search_reading(s, n);

        for (k = 0; k < reading->n; k++) {
            if (reading->chunks[k] == chunk) {
                *first += n == 0;
                ++*ever;
            }
        }

        if (review_search_end(s, n, &none) != 0
            || (review_search_is_due(s) && review_search_widen(s, NULL) != 0))
        {
            abort();
        }
    }
}


/* one sentence of so many has the words; of a hundred facts, found at once */

static double
bids(uint32_t rare)
{
    size_t           i, k, bid, ways[FACTS], at[FACTS], ends[CHUNKS];
    size_t           first, ever, strange, all, chunk, pages;
    review_buf_t     b;
    review_str_t     text, words, texts[CHUNKS];
    review_ranks_t   ranks;

    static const review_str_t  other = review_string("从未出现 quark");

    first = ever = strange = all = pages = 0;

    for (bid = 0; bid < BIDS; bid++) {
        text = bid_of(rare, ways, at);

        memset(&ranks, 0, sizeof(ranks));
        ranks.n = split_of(&text, texts, ends);
        ranks.words = review_bm25_create(pool, texts, ranks.n);
        pages += ranks.n;

        for (i = 0; i < FACTS; i++) {
            chunk = chunk_at(ends, ranks.n, at[i]);
            review_buf_init(&b, pool, 0);

            for (k = 0; k < 4; k++) {
                review_buf_puts(&b, facts[i].words[k]);
                review_buf_puts(&b, "\n");
            }

            /* who knows the trade also knows what is said of it */

            review_buf_puts(&b, i == 2 || i == 4 || i == 6 || i == 7
                                ? "证书 编号 号码" : "承诺 为 共计 计算");

            words.data = b.data;
            words.len = b.len;

            look(&ranks, &words, chunk, &first, &ever);
            look(&ranks, &other, chunk, &(size_t) { 0 }, &strange);
            all++;
        }
    }

    printf("# %zu facts in %d bids of %zu chunks, words in one sentence of %u: "
           "%.1f %% in the first round, %.1f %% by the last, %.1f %% by words "
           "that stand nowhere\n", all, BIDS, pages / BIDS, rare,
           100.0 * (double) first / (double) all,
           100.0 * (double) ever / (double) all,
           100.0 * (double) strange / (double) all);

    ok(ever == all && strange == all, "found by any words in the end");

    return 100.0 * (double) first / (double) all;
}


static void
test_bids(void)
{
    ok(bids(30) >= 95, "found by a word of the trade at once");
    ok(bids(6) >= 60, "mostly, where all chunks have these words");
}


static void
test_both(void)
{
    size_t                n;
    float                 closest[4];
    uint32_t              order[4], plain[4];
    review_ranks_t        ranks;
    review_ranks_query_t  query;
    float                 one[] = { 1, 0 }, two[] = { 0, 1 };
    float                *vectors[] = { one, two, two, one };
    float                *wanted[] = { two };
    float                *either[] = { two, one };

    static const review_str_t   texts[] = {
        review_string("甲乙"), review_string("丙丁"), review_string("甲乙丙"),
        review_string("戊己")
    };
    static const review_str_t   words = review_string("甲乙");
    static const review_str_t   others = review_string("丙丁");
    static const unsigned char  all[] = { 1, 1, 1, 1 }, some[] = { 0, 1, 1, 1 };

    memset(&ranks, 0, sizeof(ranks));
    memset(&query, 0, sizeof(query));

    ranks.words = review_bm25_create(pool, texts, 4);
    ranks.n = 4;
    query.words = &words;
    query.in = all;

    (void) review_ranks_order(pool, &ranks, &query, order, &n);
    ok(n == 4 && order[0] == 0 && order[1] == 2 && order[2] == 1
       && order[3] == 3, "by words; others in the order of the document");

    query.in = some;
    (void) review_ranks_order(pool, &ranks, &query, order, &n);
    ok(n == 3 && order[0] == 2 && order[1] == 1 && order[2] == 3,
       "none that is in no question");

    query.in = all;
    ranks.vectors = vectors;
    ranks.dim = 2;
    query.vectors = wanted;
    query.nvectors = 1;
    (void) review_ranks_order(pool, &ranks, &query, order, &n);
    ok(n == 4 && order[0] == 2, "by both: what fits both is first");

    query.vectors = either;
    query.nvectors = 2;
    (void) review_ranks_order(pool, &ranks, &query, order, &n);
    ok(n == 4 && order[0] == 0, "of several parts of a query the best counts");

    /* vectors that are not looked at again: those of the query are gone */

    query.vectors = wanted;
    query.nvectors = 1;
    query.words = &others;
    (void) review_ranks_order(pool, &ranks, &query, plain, &n);

    query.words = &words;
    query.closest = closest;
    (void) review_ranks_order(pool, &ranks, &query, order, &n);

    query.words = &others;
    query.vectors = NULL;
    query.known = 1;
    (void) review_ranks_order(pool, &ranks, &query, order, &n);
    ok(n == 4 && memcmp(order, plain, sizeof(plain)) == 0 && order[0] == 1,
       "other words, beside the vectors as they were");
}


int
main(void)
{
    pool = tap_pool();

    test_both();
    test_bids();

    tap_pool_free(pool);

    return tap_end();
}
