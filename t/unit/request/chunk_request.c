
/*
 * Proves that a request to review a chunk is read as it was meant: the text,
 * what stands above it, points by their ids and spelled out, references, vars;
 * that chunks of a split are taken as they are; and that whatever is wrong is
 * told with its status and a pointer to it, a member that is not known at any
 * level included.
 */

#include "reading.h"
#include "review/request/chunk_request.h"


static review_rubric_t         *bid, *tender;
static review_chunk_given_t     given;
static review_chunk_request_t   request;


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

    return review_chunk_request(pool, body, &given, &request, &err);
}


static void
test_chunk(void)
{
    ok(read_request("{'chunk':'投标'}") == 0, "a text");
    is_str(request.subject.chunk, "投标", "the text");
    ok(request.id.data == NULL && request.subject.heading.len == 0
       && request.rubric == bid && request.npoints == 2
       && request.points[1] == &bid->points[1]
       && request.subject.nreferences == 0 && request.subject.vars == NULL,
       "the rubric of the location, all of its points, and nothing else");

    ok(read_request("{'chunk':{'id':'c','heading':['甲','','乙'],"
                    "'text':'x'}}") == 0, "an object");
    is_str(request.id, "c", "its id");
    is_str(request.subject.heading, "甲 > 乙", "what stands above it");
    is_str(request.subject.chunk, "x", "its text");

    ok(read_request("{'chunk':{'text':'x','heading':'甲'}}") == 0, "one level");
    is_str(request.subject.heading, "甲", "one level");

    ok(read_request("{'chunk':{'text':'x','id':null,'no':null},'no':null,"
                    "'points':null,'rubric':null,'references':null,"
                    "'vars':null,'fresh':null}") == 0,
       "null is as good as none");
    ok(request.fresh == NULL, "nothing is asked past caches");
}


static void
test_fresh(void)
{
    ok(read_request("{'chunk':'x','fresh':['b'],'points':['a','b']}") == 0
       && request.fresh && !request.fresh[0] && request.fresh[1],
       "a point that is asked past caches");
    ok(read_request("{'chunk':'x','fresh':['o','o'],'points':[{'id':'o',"
                    "'question':'q'}]}") == 0 && request.fresh[0],
       "one of the request's own, told twice");
    ok(read_request("{'chunk':'x','fresh':[]}") == 0 && !request.fresh,
       "none");

    refused(422, "/fresh/1", "no such point is asked for",
            "{'chunk':'x','points':['a'],'fresh':['a','b']}");
    refused(422, "/fresh/0", "no such point", "{'chunk':'x','fresh':['']}");
    refused(400, "/fresh/0", "string", "{'chunk':'x','fresh':[1]}");
    refused(400, "/fresh", "array", "{'chunk':'x','fresh':'a'}");

    ok(read_request("{'chunk':'x','fresh':['z','bb','a'],'points':["
                    "{'id':'bb','rule':'y'},{'id':'z','rule':'y'},"
                    "{'id':'a','rule':'y'}]}") == 0
       && request.fresh[0] && request.fresh[1] && request.fresh[2],
       "all of them, in any order");
    refused(422, "/fresh", "4 points, review_max_points allows 3",
            "{'chunk':'x','points':['a'],'fresh':['a','a','a','a']}");
}


static void
test_points(void)
{
    ok(read_request("{'chunk':'x','rubric':'tender','points':['b',"
                    "{'id':'own','question':'q','when':'y'}]}") == 0,
       "points by id, and spelled out");
    ok(request.rubric == tender && request.npoints == 2
       && request.points[0] == &tender->points[0], "that of the rubric");
    is_str(request.points[1]->id, "own", "one of the request's own");

    given.rubrics.rubric = NULL;

    ok(read_request("{'chunk':'x','points':[{'id':'a','rule':'y'}]}") == 0
       && request.rubric == NULL, "no rubric");
    refused(422, "/points/0", "there is no rubric", "{'chunk':'x',"
            "'points':['a']}");
    refused(400, "/points", "and so is a rubric", "{'chunk':'x'}");

    given.rubrics.rubric = bid;
}


static void
test_references(void)
{
    ok(read_request("{'chunk':'x','references':[{'id':'r','text':''},"
                    "{'text':'二','id':'s'}],'vars':{'a':'b','n':1,'t':true,"
                    "'z':null}}") == 0, "references and vars");
    ok(request.subject.nreferences == 2, "two");
    is_str(request.subject.reference_ids[1], "s", "an id");
    is_str(request.subject.references[1], "二", "its text");
    ok(json_object_size(request.subject.vars) == 3, "vars that are null");
    ok(read_request("{'chunk':'x','references':[]}") == 0
       && request.subject.nreferences == 0, "none");
}


#define CHUNK                                                                 \
    "'id':'c1','text':'x','start':0,'end':1,'overlap':0,'heading':['h'],"     \
    "'sha256':'00','table_header':{'start':0,'end':1},'oversize':true,"       \
    "'status':'complete','index':0,'score':0.5"

static void
test_known(void)
{
    ok(read_request("{'chunk':{" CHUNK "},'references':[{" CHUNK "}]}") == 0,
       "chunks as they are told");
    ok(read_request("{'chunk':{'text':'x','x-a':1,'$b':[],'_c':{}},'_d':1,"
                    "'points':[{'id':'p','question':'q','_e':1}],"
                    "'references':[{'id':'r','text':'t','$f':1}],"
                    "'vars':{'any':1}}") == 0, "comments, and vars");

    refused(400, "/reference", "did you mean \"references\"?",
            "{'chunk':'x','reference':[]}");
    refused(400, "/x", "is unknown, known are: chunk, rubric, points, "
            "references, vars, fresh, deadline, explain",
            "{'chunk':'x','x':1}");
    refused(400, "/chunk/txt", "did you mean \"text\"?",
            "{'chunk':{'text':'x','txt':1}}");
    refused(400, "/chunk/leaf", "known are: id, heading, text",
            "{'chunk':{'text':'x','leaf':1}}");
    refused(400, "/points/1/severty", "did you mean \"severity\"?",
            "{'chunk':'x','points':['a',{'id':'p','question':'q',"
            "'severty':'fatal'}]}");
    refused(400, "/points/0/rule/patern", "did you mean \"pattern\"?",
            "{'chunk':'x','points':[{'id':'p','rule':{'patern':'q'}}]}");
    refused(400, "/references/1/txt", "did you mean \"text\"?",
            "{'chunk':'x','references':[{'id':'r','text':'x'},"
            "{'id':'s','txt':'y'}]}");
}


static void
test_wrong(void)
{
    refused(400, "/chunk", "is missing", "{}");
    refused(400, "/chunk", "is missing", "{'chunk':null}");
    refused(400, "/chunk", "got an array", "{'chunk':[]}");
    refused(400, "/chunk", "is empty", "{'chunk':' '}");
    refused(400, "/chunk/text", "is missing", "{'chunk':{}}");
    refused(400, "/chunk/text", "is empty", "{'chunk':{'text':''}}");
    refused(400, "/chunk/text", "got an integer", "{'chunk':{'text':1}}");
    refused(400, "/chunk/id", "must be a string",
            "{'chunk':{'text':'x','id':1}}");
    refused(400, "/chunk/heading", "got an object",
            "{'chunk':{'text':'x','heading':{}}}");
    refused(400, "/chunk/heading/1", "got null",
            "{'chunk':{'text':'x','heading':['a',null]}}");
    refused(413, "/chunk", "review_max_chunk_size allows 20",
            "{'chunk':'123456789012345678901'}");
    refused(413, "/chunk/text", "is of 21 bytes",
            "{'chunk':{'text':'123456789012345678901'}}");

    refused(400, "/rubric", "must be the name of a rubric",
            "{'chunk':'x','rubric':1}");
    refused(422, "/rubric", "no rubric has the name \"bid\"",
            "{'chunk':'x','rubric':'bid'}");
    refused(400, "/points", "must be an array", "{'chunk':'x','points':{}}");
    refused(400, "/points", "is empty", "{'chunk':'x','points':[]}");
    refused(422, "/points", "review_max_points allows 3",
            "{'chunk':'x','points':['a','b','a','b']}");
    refused(400, "/points/0", "got an integer", "{'chunk':'x','points':[1]}");
    refused(400, "/points/0", "got null", "{'chunk':'x','points':[null]}");
    refused(422, "/points/1", "\"标书\" has no point \"z\"",
            "{'chunk':'x','points':['a','z']}");
    refused(422, "/points/1", "\"a\" is asked for twice",
            "{'chunk':'x','points':['a','a']}");
    refused(422, "/points/1", "asked for twice",
            "{'chunk':'x','points':[{'id':'a','question':'q'},'a']}");
    refused(400, "/points/0", "\"id\" is required",
            "{'chunk':'x','points':[{'question':'q'}]}");

    refused(400, "/references", "must be an array",
            "{'chunk':'x','references':'r'}");
    refused(422, "/references", "there are 4 references, at most 3",
            "{'chunk':'x','references':[1,2,3,4]}");
    refused(400, "/references/0", "must be an object",
            "{'chunk':'x','references':['r']}");
    refused(400, "/references/0/id", "is missing",
            "{'chunk':'x','references':[{'text':'t'}]}");
    refused(400, "/references/0/id", "must not be empty",
            "{'chunk':'x','references':[{'id':'','text':'t'}]}");
    refused(400, "/references/0/text", "is missing",
            "{'chunk':'x','references':[{'id':'r'}]}");
    refused(400, "/references/0/text", "got null",
            "{'chunk':'x','references':[{'id':'r','text':null}]}");
    refused(422, "/references/0/id", "\"chunk\" is the name",
            "{'chunk':'x','references':[{'id':'chunk','text':'t'}]}");
    refused(422, "/references/1/id", "another reference",
            "{'chunk':'x','references':[{'id':'r','text':'t'},"
            "{'id':'r','text':'u'}]}");

    refused(400, "/vars", "must be an object", "{'chunk':'x','vars':[]}");
    refused(400, "/vars/a", "got an array", "{'chunk':'x','vars':{'a':[]}}");
    refused(413, "/vars", "the variables are of 21 bytes",
            "{'chunk':'x','vars':{'a':'12345678901234567890'}}");
}


/* what prompts name has to be there, unless they say that it need not be */

#define ASKS(prompt)  "'points':[{'id':'甲','prompt':'" prompt "'}]"

static void
test_named_vars(void)
{
    refused(422, "/vars/x", "is missing: the prompt of point \"甲\" has "
            "\"{{vars.x}}\"", "{'chunk':'x'," ASKS("{{vars.x}}") "}");
    refused(422, "/vars/x", "\"{{vars.x?}}\"",
            "{'chunk':'x','vars':{}," ASKS("{{vars.x}}") "}");
    refused(422, "/vars/x", "is missing", "{'chunk':'x','vars':{'x':null},"
            ASKS("{{vars.x}}") "}");
    refused(422, "/vars/b", "is missing",
            "{'chunk':'x','vars':{'a':1}," ASKS("{{vars.a}}{{vars.b}}") "}");
    refused(422, "/vars/名", "is missing", "{'chunk':'x','vars':{},"
            "'points':['a',{'id':'b','steps':['{{vars.z?}}','{{vars.名}}']}]}");

    ok(read_request("{'chunk':'x'," ASKS("{{vars.x?}}") "}") == 0,
       "one that need not be there");
    ok(read_request("{'chunk':'x','vars':{'x':''}," ASKS("{{vars.x}}") "}")
       == 0, "one that is empty");
    ok(read_request("{'chunk':'x','vars':{'x':false}," ASKS("{{vars.x}}") "}")
       == 0, "one that is false");
}


static void
test_many_vars(void)
{
    char    text[20000];
    int     i, n;

    given.max_chunk = 20000;

    n = snprintf(text, sizeof(text), "{'chunk':'x','vars':{'v0':0");

    for (i = 1; i < 1000; i++) {
        n += snprintf(text + n, sizeof(text) - n, ",'v%d':0", i);
    }

    snprintf(text + n, sizeof(text) - n, "}}");
    ok(read_request(text) == 0, "a thousand variables");

    snprintf(text + n, sizeof(text) - n, ",'w':0}}");
    refused(422, "/vars", "there are 1001 variables", text);

    given.max_chunk = 20;
}


static void
test_explain(void)
{
    ok(read_request("{'chunk':'x'}") == 0 && !request.explain,
       "prompts that nobody asks for");
    ok(read_request("{'chunk':'x','explain':false}") == 0 && !request.explain,
       "or does not");
    refused(422, "/explain", "\"explain=on\"", "{'chunk':'x','explain':true}");

    given.explains = 1;

    ok(read_request("{'chunk':'x','explain':true}") == 0 && request.explain,
       "prompts that may be shown");
    ok(read_request("{'chunk':'x','explain':false}") == 0 && !request.explain
       && read_request("{'chunk':'x','explain':null}") == 0
       && !request.explain, "but need not");
    refused(400, "/explain", "must be", "{'chunk':'x','explain':1}");

    given.explains = 0;
}


static void
test_memory(void)
{
    int             i, good;
    json_t         *body;
    review_pool_t   poor;

    for (i = 0, good = 0; i < 50; i++) {
        body = read_body("{'chunk':{'text':'x','heading':['h','i']},"
                         "'references':[{'id':'r','text':'t'}],'points':['a',"
                         "{'id':'p','question':'q'}]}");

        if (review_chunk_request(reading_poor(&poor, i), body, &given,
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
    review_pool_t  *rubrics;

    static const char  one[] = "{\"name\":\"标书\",\"points\":["
        "{\"id\":\"a\",\"question\":\"q\"},{\"id\":\"b\",\"question\":\"q\"}]}";

    rubrics = tap_pool();

    bid = review_rubric_load(rubrics, one, sizeof(one) - 1, &err);
    tender = review_rubric_load(rubrics, one, sizeof(one) - 1, &err);
    tender->points++;
    tender->npoints--;

    given.rubrics.rubric = bid;
    given.rubrics.find = find;
    given.max_chunk = 20;
    given.max_points = 3;

    test_chunk();
    test_fresh();
    test_points();
    test_references();
    test_known();
    test_wrong();
    test_named_vars();
    test_many_vars();
    test_explain();
    test_memory();

    tap_pool_free(rubrics);
    tap_pool_free(pool);

    return tap_end();
}
