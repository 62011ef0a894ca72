
/*
 * Proves BM25 against one that is written here in another way, over some
 * thousand small corpora: words are strings, counted one by one in all texts.
 * Then by example, that the text with the answer comes first; that an index
 * tells hundreds of thousands of words apart, and scores do not depend on
 * earlier queries; that it takes the memory that is promised, and time that
 * grows with the bytes alone, whatever they are; and that no memory is no
 * crash.  Texts are in blocks of their own length, for a sanitizer to see.
 */

#include <math.h>
#include <time.h>

#include "tap.h"
#include "review/rank/bm25.h"
#include "review/rank/rank.h"


#define TEXTS   12
#define LENGTH  60
#define WORDS   (LENGTH + 1)


static review_pool_t  *pool;


static review_str_t
copy(const char *data, size_t len)
{
    char          *p;
    review_str_t   text;

    p = review_alloc(pool, len);
    memcpy(p, data, len);

    text.data = p;
    text.len = len;

    return text;
}


/*
 * Small texts stand for others: a to c for letters, 0 and 1 for digits, A to E
 * for ideographs, all else for what is between.  Each has several forms.
 */

typedef struct {
    size_t         n;
    char           words[WORDS][WORDS];
} list_t;


static const char *
some_form(char c)
{
    switch (c) {

    case 'a': return (rand() % 3) ? "a" : "Ａ";
    case 'b': return (rand() % 3) ? "B" : "ｂ";
    case 'c': return (rand() % 2) ? "é" : "É";
    case '0': return (rand() % 3) ? "0" : "０";
    case '1': return (rand() % 3) ? "1" : "１";
    case '.': return (rand() % 3) ? "." : "．";
    case 'A': return "保";
    case 'B': return (rand() % 3) ? "金" : "⾦";
    case 'C': return (rand() % 3) ? "カ" : "ｶ";
    case 'D': return "한";
    case 'E': return "𠀀";
    }

    return (rand() % 3) ? " " : (rand() % 2) ? "，" : "\n";
}


static void
some_text(char *p)
{
    size_t              n, i;
    static const char   symbols[] = "aaabc001..AAABBCDE    ";

    n = (rand() % 5) ? (size_t) (rand() % LENGTH) : (size_t) (rand() % 4);

    for (i = 0; i < n; i++) {
        p[i] = symbols[(size_t) rand() % (sizeof(symbols) - 1)];
    }

    p[n] = '\0';
}


static review_str_t
render(const char *p)
{
    char  utf8[4 * LENGTH + 1];

    utf8[0] = '\0';

    for ( /* void */ ; *p; p++) {
        strcat(utf8, some_form(*p));
    }

    return copy(utf8, strlen(utf8));
}


static int
kind_of(char c)
{
    return (c >= 'a' && c <= 'c') ? 'a' : (c >= 'A' && c <= 'E') ? 'A'
           : (c == '0' || c == '1') ? '0' : 0;
}


static void
add_word(list_t *list, const char *p, size_t len)
{
    memcpy(list->words[list->n], p, len);
    list->words[list->n++][len] = '\0';
}


/* runs, of ideographs pairs; "length": what the run adds to that of a text */

static size_t
read_words(list_t *list, const char *p)
{
    size_t  i, n, length;

    list->n = 0;
    length = 0;

    for ( /* void */ ; *p; p += n) {
        n = 1;

        if (kind_of(*p) == 0) {
            continue;
        }

        while (kind_of(p[n]) == kind_of(*p)
               || (kind_of(*p) == '0' && p[n] == '.'
                   && kind_of(p[n + 1]) == '0'))
        {
            n++;
        }

        if (kind_of(*p) != 'A') {
            add_word(list, p, n);
            length++;
            continue;
        }

        length += n;

        if (n == 1) {
            add_word(list, p, 1);
        }

        for (i = 0; i + 1 < n; i++) {
            add_word(list, p + i, 2);
        }
    }

    return length;
}


static size_t
count_word(const list_t *list, const char *text, const char *word)
{
    size_t  i, n;

    n = 0;

    if (kind_of(*word) == 'A' && word[1] == '\0') {

        for ( /* void */ ; *text; text++) {
            n += (*text == *word);
        }

        return n;
    }

    for (i = 0; i < list->n; i++) {
        n += (strcmp(list->words[i], word) == 0);
    }

    return n;
}


static void
true_scores(char texts[][LENGTH + 1], size_t n, const char *query,
    double *scores)
{
    double         lengths[TEXTS], counts[TEXTS], mean, having, idf;
    size_t         i, j, k;
    static list_t  lists[TEXTS], words;

    mean = 0;

    for (i = 0; i < n; i++) {
        scores[i] = 0;
        lengths[i] = (double) read_words(&lists[i], texts[i]);
        mean += lengths[i] / (double) n;
    }

    (void) read_words(&words, query);

    for (k = 0; k < words.n; k++) {

        for (j = 0; strcmp(words.words[j], words.words[k]) != 0; j++) {
            /* void */
        }

        if (j < k) {
            continue;
        }

        having = 0;

        for (i = 0; i < n; i++) {
            counts[i] = (double) count_word(&lists[i], texts[i],
                                            words.words[k]);
            having += (counts[i] > 0);
        }

        idf = log(1 + ((double) n - having + 0.5) / (having + 0.5));

        for (i = 0; i < n; i++) {
            if (counts[i] > 0) {
                scores[i] += idf * counts[i] * 2.2
                             / (counts[i]
                                + 1.2 * (0.25 + 0.75 * lengths[i] / mean));
            }
        }
    }
}


static int
same_scores(const float *got, const double *expected, size_t n)
{
    size_t  i;

    for (i = 0; i < n; i++) {
        if (!(fabs((double) got[i] - expected[i]) <= 1e-5 * (expected[i] + 1))
            || (got[i] > 0) != (expected[i] > 0))
        {
            return 0;
        }
    }

    return 1;
}


static int
test_corpus(void)
{
    int              i, good;
    char             texts[TEXTS][LENGTH + 1], query[LENGTH + 1];
    float           *scores;
    double           expected[TEXTS];
    size_t           n, j;
    review_str_t     rendered[TEXTS], text;
    review_bm25_t   *bm25;

    n = (size_t) (rand() % (TEXTS + 1));
    scores = review_alloc(pool, n * sizeof(float));

    for (j = 0; j < n; j++) {
        some_text(texts[j]);
        rendered[j] = render(texts[j]);
    }

    bm25 = review_bm25_create(pool, rendered, n);
    good = (bm25 != NULL);

    for (i = 0; good && i < 4; i++) {
        some_text(query);
        text = render(query);
        true_scores(texts, n, query, expected);

        good = (review_bm25_scores(bm25, &text, scores) == 0)
               && same_scores(scores, expected, n);

        if (!good) {
            printf("# query \"%s\", %zu texts\n", query, n);
        }
    }

    return good;
}


static void
test_corpora(void)
{
    int             i, bad;
    review_pool_t  *all;

    all = pool;
    bad = 0;

    for (i = 0; i < 3000; i++) {
        pool = tap_pool();
        bad += !test_corpus();
        tap_pool_free(pool);
    }

    pool = all;

    ok(bad == 0, "3,000 corpora of 4 queries each");
}


static const char *const  clauses[] = {
    "第三条 投标保证金\n投标人应在投标截止时间前提交投标保证金，金额为人民币"
        "800,000.00元。未按要求提交的，其投标将被否决。",
    "第四条 履约担保\n中标人应在签订合同前提交履约保证金，金额为合同价的10%。",
    "第五条 付款方式\n合同签订后支付预付款30%，验收合格后支付至95%，质保金为5%。",
    "第六条 工期\n计划工期365日历天，自2024-01-05起算，逾期每日罚款5000元。",
    "第七条 规范\n工程量清单应符合GB/T 50500-2013《建设工程工程量清单计价规范》。",
    "Article 8. Bid Bond. The bidder shall furnish a bid bond of 2% of the bid "
        "price, valid for 90 days.",
    "Article 9. Payment. Invoices are payable within 3.5 weeks of receipt.",
    "Article 10. Law. Disputes are settled by arbitration in Beijing.",
    "",
    "——……、。",
};

#define CLAUSES  (sizeof(clauses) / sizeof(char *))


static void
test_example(review_bm25_t *bm25, const char *query, size_t expected)
{
    float            scores[CLAUSES];
    review_str_t     text;
    review_ranked_t  best[1];

    text = copy(query, strlen(query));

    (void) review_bm25_scores(bm25, &text, scores);
    (void) review_rank_top(scores, CLAUSES, 1, best);

    ok(best[0].index == expected && best[0].score > 0
       && scores[8] == 0 && scores[9] == 0,
       "\"%s\" is in %zu", query, expected);
}


static void
test_nothing(review_bm25_t *bm25, const char *query)
{
    int           bad;
    float         scores[CLAUSES];
    size_t        i;
    review_str_t  text;

    text = copy(query, strlen(query));

    memset(scores, 0xff, sizeof(scores));
    bad = review_bm25_scores(bm25, &text, scores);

    for (i = 0; i < CLAUSES; i++) {
        bad += !(scores[i] == 0);
    }

    ok(bad == 0, "\"%s\" is nowhere", query);
}


static void
test_examples(void)
{
    size_t          i;
    review_str_t    texts[CLAUSES];
    review_bm25_t  *bm25;

    for (i = 0; i < CLAUSES; i++) {
        texts[i] = copy(clauses[i], strlen(clauses[i]));
    }

    bm25 = review_bm25_create(pool, texts, CLAUSES);

    test_example(bm25, "投标保证金是否足额提交？", 0);
    test_example(bm25, "投标保证金 800000元", 0);
    test_example(bm25, "履约保证金的比例", 1);
    test_example(bm25, "质保金", 2);
    test_example(bm25, "预付款", 2);
    test_example(bm25, "罚", 3);
    test_example(bm25, "工期 2024年01月05日", 3);
    test_example(bm25, "ＧＢ５０５００", 4);
    test_example(bm25, "gb/t 50500-2013", 4);
    test_example(bm25, "Is there a BID BOND?", 5);
    test_example(bm25, "bond", 5);
    test_example(bm25, "3.5 weeks", 6);
    test_example(bm25, "Beijing arbitration", 7);

    test_nothing(bm25, "");
    test_nothing(bm25, " 。，-- ");
    test_nothing(bm25, "环境保护");
    test_nothing(bm25, "warranty");
    test_nothing(bm25, "3.14159");
}


static void
test_degenerate(void)
{
    float           scores[3];
    review_str_t    texts[3], query;
    review_bm25_t  *bm25;

    query = copy("bond", 4);
    scores[0] = 7;

    bm25 = review_bm25_create(pool, NULL, 0);
    ok(bm25 && review_bm25_scores(bm25, &query, scores) == 0 && scores[0] == 7,
       "no texts");

    memset(texts, 0, sizeof(texts));
    bm25 = review_bm25_create(pool, texts, 3);
    ok(bm25 && review_bm25_scores(bm25, &query, scores) == 0
       && scores[0] == 0 && scores[1] == 0 && scores[2] == 0, "empty texts");

    texts[1] = query;
    bm25 = review_bm25_create(pool, texts, 3);
    ok(bm25 && review_bm25_scores(bm25, &query, scores) == 0
       && scores[0] == 0 && scores[1] > 0 && scores[2] == 0, "a single word");

    query.data = NULL;
    query.len = 0;
    ok(review_bm25_scores(bm25, &query, scores) == 0 && scores[1] == 0,
       "an empty query");

    texts[0] = texts[2] = texts[1];
    bm25 = review_bm25_create(pool, texts, 3);
    ok(bm25 && review_bm25_scores(bm25, &texts[0], scores) == 0
       && scores[0] > 0 && scores[0] == scores[1] && scores[1] == scores[2],
       "equal texts, equal scores, above 0 though all have the word");
}


/* a word of letters that no other number has, four bytes */

static void
write_number(char *p, size_t n)
{
    int  i;

    for (i = 0; i < 4; i++) {
        p[i] = (char) ('a' + n % 26);
        n /= 26;
    }
}


#define MANY  200000
#define EACH  50                       /* words a text */

static void
test_many_words(void)
{
    int              bad;
    char             text[EACH * 5];
    float            first, *scores;
    size_t           i, j, n;
    review_str_t    *texts, query;
    review_bm25_t   *bm25;

    n = MANY / EACH;
    texts = review_alloc(pool, n * sizeof(review_str_t));
    scores = review_alloc(pool, n * sizeof(float));

    for (i = 0; i < n; i++) {
        memset(text, ' ', sizeof(text));

        for (j = 0; j < EACH; j++) {
            write_number(text + j * 5, i * EACH + j);
        }

        texts[i] = copy(text, sizeof(text));
    }

    bm25 = review_bm25_create(pool, texts, n);

    query.data = text;
    query.len = 4;
    first = 0;
    bad = (bm25 == NULL);

    for (i = 0; !bad && i < MANY; i += 997) {
        write_number(text, i);
        bad += (review_bm25_scores(bm25, &query, scores) != 0);

        if (i == 0) {
            first = scores[0];
        }

        for (j = 0; j < n; j++) {
            bad += (scores[j] != ((j == i / EACH) ? first : 0));
        }
    }

    ok(bad == 0 && first > 0, "200,000 words, each in one text");
}


#define HOSTILE  (1024 * 1024)

static char *
repeated(const char *piece)
{
    char    *p;
    size_t   i, len;

    len = strlen(piece);
    p = review_alloc(pool, HOSTILE);
    memset(p, ' ', HOSTILE);

    for (i = 0; i + len <= HOSTILE; i += len) {
        memcpy(p + i, piece, len);
    }

    return p;
}


/* 300,000 characters, each alone, and nearly all different */

static char *
all_alone(void)
{
    char    *p;
    size_t   i, c;

    p = review_alloc(pool, HOSTILE);
    memset(p, ' ', HOSTILE);

    for (i = 0; i + 5 <= HOSTILE; i += 5) {
        c = 0x20000 + i / 5 % 0x20000;

        p[i] = (char) 0xf0;
        p[i + 1] = (char) (0x80 | c >> 12);
        p[i + 2] = (char) (0x80 | (c >> 6 & 0x3f));
        p[i + 3] = (char) (0x80 | (c & 0x3f));
    }

    return p;
}


static void
test_hostile(void)
{
    int              bad, limit;
    char            *data[8];
    float            scores[3];
    size_t           i, j;
    clock_t          began;
    review_str_t     texts[3], query;
    review_bm25_t   *bm25;

    data[0] = repeated("a");
    data[1] = repeated("保");
    data[2] = repeated("a1");
    data[3] = repeated("a ");
    data[4] = repeated("保 ");
    data[5] = repeated("1,000");
    data[6] = repeated("\357\267\272");
    data[7] = all_alone();

    limit = 0;

    for (i = 0; i < 8; i++) {
        bad = 0;
        began = clock();

        texts[0].data = data[i];
        texts[0].len = HOSTILE;
        texts[1] = copy("bid bond", 8);
        texts[2].data = data[(i + 1) % 8];
        texts[2].len = HOSTILE;

        bm25 = review_bm25_create(pool, texts, 3);

        for (j = i; bm25 && j < i + 8; j += 3) {
            query.data = data[j % 8];
            query.len = HOSTILE;

            bad += review_bm25_scores(bm25, &query, scores);
            bad += !(isfinite(scores[0]) && scores[0] >= 0
                     && isfinite(scores[2]) && scores[2] >= 0);
            bad += (j == i && scores[0] == 0);
        }

        /* it takes tenths of a second; what is quadratic, hours */
        limit += (clock() - began > 60 * CLOCKS_PER_SEC);
        ok(bm25 && bad == 0, "a megabyte of case %zu, and queries of one", i);
    }

    ok(limit == 0, "each in little time");
}


typedef struct {
    review_pool_t    pool;
    size_t           left;             /* how often there is memory */
    size_t           bytes;
} counted_t;


static void *
counted_alloc(review_pool_t *p, size_t size)
{
    counted_t  *counted = p->ctx;

    if (counted->left == 0) {
        return NULL;
    }

    counted->left--;
    counted->bytes += size;

    return review_alloc(pool, size);
}


static void
test_memory(void)
{
    int             bad;
    float           scores[3];
    size_t          i;
    counted_t       counted;
    review_str_t    texts[3];
    review_bm25_t  *bm25;

    texts[0].data = repeated("投标人应在截止前提交保证金，");
    texts[0].len = HOSTILE / 42 * 42;
    texts[1] = texts[0];
    texts[2] = texts[0];

    counted.pool.alloc = counted_alloc;
    counted.pool.ctx = &counted;

    for (i = 0, bad = 1; i < 20 && bad; i++) {
        counted.left = i;
        counted.bytes = 0;
        bad = 1;

        bm25 = review_bm25_create(&counted.pool, texts, 3);

        if (bm25) {
            texts[1].len = 42;
            bad = (review_bm25_scores(bm25, &texts[1], scores) != 0);
            texts[1].len = texts[0].len;
        }
    }

    ok(bad == 0 && i > 5, "fails for want of memory, until there is enough");
    ok(counted.bytes < texts[0].len * 9, "takes less than 3 times the texts");
}


int
main(void)
{
    pool = tap_pool();
    srand(1);

    test_corpora();
    test_examples();
    test_degenerate();
    test_many_words();
    test_hostile();
    test_memory();

    tap_pool_free(pool);

    return tap_end();
}
