
/*
 * Proves that a request for a task is read as it was meant: documents as texts
 * and from elsewhere, rubric and points, how the text is split, what is asked
 * of which chunk, when the report has to be there and where it is saved; that
 * chunks, downloads and saved reports are taken for documents as they are; and
 * that whatever is wrong is told with its status and a pointer to it, a member
 * that is not known at any level included.
 */

#include "reading.h"
#include "review/request/task_request.h"


static review_rubric_t        *bid, *tender, *asking;
static review_task_given_t     given;
static review_task_request_t   request;


static review_rubric_t *
find(void *data, const review_str_t *name)
{
    (void) data;

    return name->len == 6 && memcmp(name->data, "tender", 6) == 0 ? tender
                                                                  : NULL;
}


static int
read_request(const char *text)
{
    json_t  *body;

    body = read_body(text);
    memset(&request, 0xff, sizeof(request));

    return review_task_request(pool, body, &given, &request, &err);
}


static void
test_dry_run(void)
{
    ok(read_request("{'document':'x','dry_run':true,'result':{'object':'a'}}")
       == 0 && request.dry_run == 1 && request.object.data, "a dry run");
    ok(read_request("{'document':'x','dry_run':false}") == 0
       && request.dry_run == 0, "none");
    ok(read_request("{'document':'x','dry_run':null}") == 0
       && request.dry_run == 0, "null is as good as none");
    ok(read_request("{'document':'x','dry_run':'true'}") == 400
       && strcmp(err.pointer, "/dry_run") == 0, "a word is none");
    ok(read_request("{'document':'x','dry_run':true,'result':{'object':'..'}}")
       == 422, "where the report would be is looked at");
}


static void
test_least(void)
{
    ok(read_request("{'document':'投标'}") == 0, "a text");
    ok(request.document.from == REVIEW_SOURCE_TEXT
       && request.document.id.data == NULL && request.document.type.len == 0
       && request.nreferences == 0, "nothing else is said of it");
    is_str(request.document.name, "投标", "the text");
    ok(request.rubric == bid && request.npoints == 2
       && request.points[1] == &bid->points[1], "the rubric of the location");
    is_str(request.rubric_name, "bid", "its name");
    ok(request.split.max == 2000 && request.split.keep_tables
       && request.top_k == 0 && request.clauses == 0 && request.vars == NULL
       && request.deadline == 0 && request.object.data == NULL
       && request.dry_run == 0, "defaults");

    ok(read_request("{'document':{'text':'x','id':null,'no':null},'no':null,"
                    "'references':null,'rubric':null,'points':null,"
                    "'split':null,'select':null,'vars':null,'deadline':null,"
                    "'result':null}") == 0, "null is as good as none");
}


static void
test_all(void)
{
    ok(read_request("{'document':{'id':'d','object':'a/b.pdf'},'references':["
                    "'一',{'url':'http://a/b','type':'text/plain'},"
                    "{'id':'up','upload':'YQ=='}],'rubric':'tender',"
                    "'points':['b'],'split':{'max_chars':9,'overlap':8,"
                    "'unit':'tokens','keep_tables':false},'select':{"
                    "'mode':'top_k','references':0},'vars':{'a':1,'z':null},"
                    "'deadline':1.5,'result':{'object':'r.md'}}") == 0,
       "all there is");
    is_str(request.document.id, "d", "the document's id");
    is_str(request.document.name, "a/b.pdf", "its key");
    ok(request.document.from == REVIEW_SOURCE_OBJECT
       && request.references[0].from == REVIEW_SOURCE_TEXT
       && request.references[1].from == REVIEW_SOURCE_URL
       && request.references[2].from == REVIEW_SOURCE_UPLOAD, "from where");
    is_str(request.references[0].id, "r1", "a reference without an id");
    is_str(request.references[1].id, "r2", "the next");
    is_str(request.references[1].type, "text/plain", "a type");
    is_str(request.references[2].id, "up", "an id");
    ok(request.rubric == tender && request.npoints == 1
       && request.points[0] == &tender->points[0], "points by their ids");
    is_str(request.rubric_name, "tender", "the rubric's name");
    ok(request.split.max == 9 && request.split.overlap == 8
       && request.split.tokens && !request.split.keep_tables, "a split");
    ok(request.top_k == 5 && request.clauses == 0, "a selection");
    ok(json_object_size(request.vars) == 1 && request.deadline == 1.5,
       "vars, a deadline");
    is_str(request.object, "r.md", "where the report is saved");
    ok(request.markdown, "by the end of its name");

    ok(read_request("{'document':'x','references':['y'],'result':{"
                    "'object':'r.md','format':'json'},'select':{'k':9}}") == 0
       && request.clauses == 3 && request.top_k == 0 && !request.markdown,
       "what is said, and what is not");
    ok(read_request("{'document':'x','result':{'object':'.md'}}") == 0
       && !request.markdown, "an end is none without a name");
}


/* so many cells, the last one first */

static int
read_fresh(int n)
{
    int     rc;
    char   *text, *p;

    text = malloc(64 + (size_t) n * 7);
    p = text + sprintf(text, "{'document':'x','fresh':['c9/b'");

    while (--n) {
        p += sprintf(p, ",'c1/a'");
    }

    (void) sprintf(p, "]}");

    rc = read_request(text);
    free(text);

    return rc;
}


static void
test_fresh(void)
{
    ok(read_fresh(REVIEW_TASK_FRESH) == 0
       && request.nfresh == REVIEW_TASK_FRESH
       && request.fresh[0].chunk == 8 && request.fresh[0].point == 1
       && request.fresh[REVIEW_TASK_FRESH - 1].point == 0,
       "as many as a report may have");
    ok(read_fresh(REVIEW_TASK_FRESH + 1) == 422
       && strcmp(err.pointer, "/fresh") == 0, "not one more");

    ok(read_request("{'document':'x','fresh':['c1/b','c12345678/a'],"
                    "'points':['b','a']}") == 0 && request.nfresh == 2
       && request.fresh[0].chunk == 0 && request.fresh[0].point == 0
       && request.fresh[1].chunk == 12345677 && request.fresh[1].point == 1,
       "cells past caches");
    ok(read_request("{'document':'x','fresh':['c3/b','c2/a'],"
                    "'points':['a','b']}") == 0
       && request.fresh[0].point == 1 && request.fresh[1].point == 0,
       "in whatever order the points are");
    ok(read_request("{'document':'x','fresh':[]}") == 0
       && request.nfresh == 0, "none");

    refused(422, "/fresh/0", "as in \"c2/p1\"",
            "{'document':'x','fresh':['c1']}");
    refused(422, "/fresh/1", "id of a chunk",
            "{'document':'x','fresh':['c1/a','c1/z']}");
    refused(422, "/fresh/0", "a point that is asked",
            "{'document':'x','points':['a'],'fresh':['c1/b']}");
    refused(422, "/fresh/0", "", "{'document':'x','fresh':['c0/a']}");
    refused(422, "/fresh/0", "", "{'document':'x','fresh':['c01/a']}");
    refused(422, "/fresh/0", "", "{'document':'x','fresh':['1/a']}");
    refused(422, "/fresh/0", "", "{'document':'x','fresh':['c1x/a']}");
    refused(422, "/fresh/0", "", "{'document':'x','fresh':['c/a']}");
    refused(422, "/fresh/0", "", "{'document':'x','fresh':['/a']}");
    refused(422, "/fresh/0", "",
            "{'document':'x','fresh':['c99999999999999999999/a']}");
    refused(400, "/fresh/0", "string", "{'document':'x','fresh':[1]}");
    refused(400, "/fresh", "array", "{'document':'x','fresh':'c1/a'}");
}


static void
test_body(void)
{
    review_str_t  text = review_string("投标"), blank = review_string(" ");

    given.text = text;
    ok(read_request("{}") == 0, "a body that is no JSON");
    is_str(request.document.name, "投标", "is the document");

    given.text = blank;
    refused(400, "", "is empty", "{}");

    given.converted = 1;
    refused(422, "", "the document has no text", "{}");
    given.converted = 0;

    given.text.data = NULL;
    refused(400, "/document", "is missing", "{}");
}


#define DOWNLOAD                                                              \
    "'url':'http://a/b','status':'ok','http_status':200,'size':3,"            \
    "'content_type':null,'saved_as':'b','sha256':'0','elapsed_ms':1,"         \
    "'error':{}"
#define CHUNK                                                                 \
    "'id':'c1','text':'x','start':0,'end':1,'overlap':0,'heading':['h'],"     \
    "'sha256':'00','table_header':{'start':0,'end':1},'oversize':true,"       \
    "'status':'complete','index':0,'score':0.5"
#define OBJECT                                                                \
    "'object':'a','key':'a','size':3,'etag':'0','last_modified':'2026'"

static void
test_known(void)
{
    ok(read_request("{'document':{" DOWNLOAD "},'references':[{" CHUNK "},"
                    "{" OBJECT "},{" DOWNLOAD "}]}") == 0,
       "downloads, chunks and objects as they are told");
    ok(read_request("{'document':{'object':'a','saved':true,'etag':'0'},"
                    "'result':{'object':'a','saved':false,'error':{}}}") == 0,
       "a saved report");
    ok(read_request("{'document':{'text':'x','_a':1},'$b':1,'split':{'x-c':1},"
                    "'select':{'_d':1},'result':{'object':'a','x-e':1},"
                    "'vars':{'any':1}}") == 0, "comments, and vars");

    refused(400, "/reference", "did you mean \"references\"?",
            "{'document':'x','reference':['y']}");
    refused(400, "/document/title", "known are: id, type, text, object, url, "
            "upload", "{'document':{'text':'a','title':'b'}}");
    refused(400, "/references/1/txt", "did you mean \"text\"?",
            "{'document':'x','references':['a',{'txt':'b'}]}");
    refused(400, "/split/max_char", "did you mean \"max_chars\"?",
            "{'document':'x','split':{'max_char':9}}");
    refused(400, "/split/text", "is unknown",
            "{'document':'x','split':{'text':'y'}}");
    refused(400, "/select/top_k", "known are: mode, k, references",
            "{'document':'x','select':{'top_k':9}}");
    refused(400, "/result/key", "known are: object, format",
            "{'document':'x','result':{'object':'a','key':'b'}}");
}


static void
test_documents(void)
{
    refused(400, "/document", "got an integer", "{'document':1}");
    refused(400, "/document", "needs a \"text\"", "{'document':{}}");
    refused(400, "/document", "needs a", "{'document':{'text':null}}");
    refused(400, "/document", "has both \"text\" and \"url\"",
            "{'document':{'url':'b','text':'a'}}");
    refused(400, "/document/text", "is empty", "{'document':{'text':''}}");
    refused(400, "/document/object", "must not be empty",
            "{'document':{'object':''}}");
    refused(400, "/document/url", "got an array", "{'document':{'url':[]}}");
    refused(400, "/document/type", "printable",
            "{'document':{'upload':'YQ==','type':'a\\r'}}");
    refused(400, "/document/type", "printable",
            "{'document':{'upload':'YQ==','type':'文'}}");
    refused(400, "/document/id", "must be a string",
            "{'document':{'text':'a','id':1}}");
    refused(413, "/document", "review_max_text_size allows 20",
            "{'document':'123456789012345678901'}");
    refused(413, "/references/0/text", "is of 21 bytes",
            "{'document':'x','references':[{'text':"
            "'123456789012345678901'}]}");
    refused(422, "/document/object", "a part", "{'document':{'object':"
            "'a/../b'}}");
    refused(400, "/references", "must be an array",
            "{'document':'a','references':{}}");
    refused(422, "/references", "at most 3",
            "{'document':'a','references':['a','b','c','d']}");
    refused(400, "/references/0", "got null",
            "{'document':'a','references':[null]}");
    refused(422, "/references/0/id", "the document itself",
            "{'document':'a','references':[{'id':'document','text':'b'}]}");
    refused(422, "/references/1/id", "another reference",
            "{'document':'a','references':[{'id':'r2','text':'b'},'c']}");

    given.store = 0;
    refused(422, "/document/object", "has no \"store=\"",
            "{'document':{'object':'a'}}");
    refused(422, "/result/object", "has no \"store=\"",
            "{'document':'a','result':{'object':'a'}}");
    given.store = 1;
}


static void
test_wrong(void)
{
    refused(400, "/rubric", "must be the name of a rubric",
            "{'document':'a','rubric':1}");
    refused(422, "/rubric", "no rubric has the name \"no\"",
            "{'document':'a','rubric':'no'}");
    refused(400, "/points", "must be an array",
            "{'document':'a','points':'a'}");
    refused(400, "/points", "is empty", "{'document':'a','points':[]}");
    refused(422, "/points", "review_max_points allows 3",
            "{'document':'a','points':['a','b','c','d']}");
    refused(400, "/points/0", "must be the id of a point or a point, got null",
            "{'document':'a','points':[null]}");
    refused(422, "/points/0", "\"inline=on\" is not set",
            "{'document':'a','points':[{'id':'a','question':'q'}]}");
    refused(422, "/rubric", "\"inline=on\" is not set",
            "{'document':'a','rubric':{'name':'r'}}");
    refused(422, "/points/1", "no such point",
            "{'document':'a','points':['a','c']}");
    refused(422, "/points/1", "asked for twice",
            "{'document':'a','points':['a','a']}");
    refused(400, "/split", "must be an object", "{'document':'a','split':1}");
    refused(422, "/split/overlap", "must be less than max_chars",
            "{'document':'a','split':{'overlap':2000}}");
    refused(400, "/select/mode", "all, top_k",
            "{'document':'a','select':{'mode':'best'}}");
    refused(400, "/select/k", "from 1", "{'document':'a','select':{'k':0}}");
    refused(400, "/select/references", "to 100",
            "{'document':'a','select':{'references':101}}");
    refused(400, "/vars", "must be an object", "{'document':'a','vars':1}");
    refused(400, "/vars/a", "got an array",
            "{'document':'a','vars':{'a':[]}}");
    refused(413, "/vars", "the variables are of 10 bytes",
            "{'document':'a','vars':{'a':'123456789'}}");

    given.rubrics.rubric = asking;
    refused(422, "/vars/x", "is missing: the prompt of point \"a\"",
            "{'document':'a','vars':{'y':1}}");
    ok(read_request("{'document':'a','vars':{'x':1}}") == 0
       && read_request("{'document':'a','points':['b']}") == 0,
       "only prompts that are asked");
    given.rubrics.rubric = bid;
    refused(400, "/deadline", "from 1", "{'document':'a','deadline':0.5}");
    refused(400, "/result/object", "is missing: what the report is saved as",
            "{'document':'a','result':{}}");
    refused(400, "/result/object", "must not be empty",
            "{'document':'a','result':{'object':''}}");
    refused(422, "/result/object", "a part",
            "{'document':'a','result':{'object':'..'}}");
    refused(400, "/result/format", "json, markdown",
            "{'document':'a','result':{'object':'a','format':'pdf'}}");

    given.rubrics.rubric = NULL;
    refused(400, "/rubric", "is missing: the points", "{'document':'a'}");
    given.rubrics.rubric = bid;
}


/* a rubric, and points, of the request's own */

static void
test_own(void)
{
    given.rubrics.own = 1;

    ok(read_request("{'document':'a','rubric':{'name':'r','llm':'x','points':["
                    "{'id':'a','question':'q'},{'id':'c','question':'q'}]},"
                    "'points':['c',{'id':'d','question':'q'}]}")
       == 0 && request.own && request.spelled && request.rubric->own
       && request.npoints == 2
       && request.points[0] == &request.rubric->points[1]
       && request.rubric_name.data == NULL, "a rubric, and a point more");
    ok(read_request("{'document':'a','points':['a',{'id':'z','question':'q'}]}")
       == 0 && request.own == NULL && request.rubric == bid
       && request.points[0] == &bid->points[0], "a point among those of ours");
    is_str(request.points[1]->id, "z", "by its id");
    is_str(request.rubric_name, "bid", "and the rubric is ours");

    refused(400, "/rubric", "\"name\" is required",
            "{'document':'a','rubric':{'points':[]}}");
    refused(400, "/rubric", "\"points\" is required",
            "{'document':'a','rubric':{'name':'r'}}");
    refused(400, "/rubric/points/0", "is required",
            "{'document':'a','rubric':{'name':'r','points':[{'id':'a'}]}}");
    refused(422, "/rubric/points", "review_max_points allows 3",
            "{'document':'a','rubric':{'name':'r','points':[1,2,3,4]}}");
    refused(422, "/points/1", "asked for twice",
            "{'document':'a','points':['a',{'id':'a','question':'q'}]}");

    given.rubrics.rubric = NULL;
    ok(read_request("{'document':'a','points':[{'id':'z','question':'q'}]}")
       == 0 && request.rubric->name.len == 0 && request.rubric->own
       && request.rubric_name.data == NULL, "points alone");
    refused(422, "/points/0", "there is no rubric",
            "{'document':'a','points':['a']}");
    given.rubrics.rubric = bid;
    given.rubrics.own = 0;
}


static void
test_memory(void)
{
    int             i, good;
    json_t         *body;
    review_pool_t   poor;

    for (i = 0, good = 0; i < 50; i++) {
        body = read_body("{'document':'a','references':['b','c']}");

        if (review_task_request(reading_poor(&poor, i), body, &given,
                                &request, &err) == 0)
        {
            break;
        }

        good += (reading_left < 0);
    }

    ok(i > 2 && i < 50 && good == i, "a request without memory");
}


int
main(void)
{
    review_str_t    name = review_string("bid");
    review_pool_t  *rubrics;

    static const char  one[] = "{\"name\":\"标书\",\"points\":["
        "{\"id\":\"a\",\"question\":\"q\"},{\"id\":\"b\",\"question\":\"q\"}]}";

    static const char  two[] = "{\"name\":\"x\",\"points\":["
        "{\"id\":\"a\",\"prompt\":\"{{vars.x}}\"},"
        "{\"id\":\"b\",\"question\":\"q\"}]}";

    rubrics = tap_pool();

    asking = review_rubric_load(rubrics, two, sizeof(two) - 1, &err);

    bid = review_rubric_load(rubrics, one, sizeof(one) - 1, &err);
    tender = review_rubric_load(rubrics, one, sizeof(one) - 1, &err);
    tender->points++;
    tender->npoints--;

    given.rubrics.rubric = bid;
    given.rubrics.max_points = 3;
    given.rubrics.find = find;
    given.rubric = name;
    given.split.max = 2000;
    given.split.keep_tables = 1;
    given.max_text = 20;
    given.max_vars = 9;
    given.max_points = 3;
    given.store = 1;

    test_least();
    test_dry_run();
    test_all();
    test_fresh();
    test_body();
    test_known();
    test_documents();
    test_wrong();
    test_own();
    test_memory();

    tap_pool_free(rubrics);
    tap_pool_free(pool);

    return tap_end();
}
