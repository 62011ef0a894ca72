
/*
 * A body becomes the same content and the same result however the network cut
 * it: each one here, as servers really send them, is fed whole, byte by byte,
 * and in pieces of a few sizes; in pieces that are freed once they were fed.
 * The fast path for ordinary events says what a full JSON parser says.
 */

#include "tap.h"
#include "review/completion/completion.h"
#include "review/base/code.h"
#include "review/base/utf8.h"


#define OK         REVIEW_COMPLETION_OK
#define TRUNCATED  REVIEW_COMPLETION_TRUNCATED
#define CUT        REVIEW_COMPLETION_CUT
#define REFUSED    REVIEW_COMPLETION_REFUSED
#define ERROR      REVIEW_COMPLETION_ERROR
#define EMPTY      REVIEW_COMPLETION_EMPTY
#define BAD_JSON   REVIEW_COMPLETION_BAD_JSON
#define TOO_LARGE  REVIEW_COMPLETION_TOO_LARGE


/* in bodies single quotes stand for double ones */

#define HEAD    "'id':'chatcmpl-7f3a','object':'chat.completion.chunk',"      \
                "'created':1718000000,'model':'qwen2.5-72b-instruct',"

#define CHOICE(delta, reason)                                                 \
    "{" HEAD "'choices':[{'index':0,'delta':" delta ","                       \
    "'logprobs':null,'finish_reason':" reason "}]}"

#define EVENT(delta)    "data: " CHOICE(delta, "null") "\n\n"
#define TEXT(text)      EVENT("{'content':'" text "'}")
#define FIRST           EVENT("{'role':'assistant','content':''}")
#define CALL(index, arguments)                                                \
    EVENT("{'tool_calls':[{'index':" index ",'function':{'arguments':'"       \
          arguments "'}}]}")
#define STOP            "data: " CHOICE("{}", "'stop'") "\n\n"
#define DONE            "data: [DONE]\n\n"

#define BODY(message, reason)                                                 \
    "{'id':'chatcmpl-1','object':'chat.completion','created':1718000000,"     \
    "'model':'glm-4-9b-chat','choices':[{'index':0,'message':" message ","    \
    "'finish_reason':" reason "}],'usage':{'prompt_tokens':812,"              \
    "'completion_tokens':96,'total_tokens':908}}"

#define CHOICES                                                               \
    "'finish_reason':'stop','usage':{'prompt_tokens':812,"                    \
    "'completion_tokens':96}}]}"

#define SAID(content)  "{'role':'assistant','content':" content "}"


typedef struct {
    const char           *name;
    const char           *body;
    review_completion_e   rc;
    const char           *content;
    const char           *detail;      /* part of it */
} case_t;


static const case_t  streams[] = {

    { "a stream as vLLM sends it",
      FIRST TEXT("投标") TEXT("保证金") TEXT("\\n80万") STOP DONE,
      OK, "投标保证金\n80万", "" },
    { "CRLF",
      "data: " CHOICE("{'content':'a'}", "null") "\r\n\r\n"
      "data: " CHOICE("{'content':'b'}", "'stop'") "\r\n\r\n"
      "data: [DONE]\r\n\r\n",
      OK, "ab", "" },
    { "CR alone",
      "data: " CHOICE("{'content':'a'}", "null") "\r\r"
      "data: " CHOICE("{'content':'b'}", "'stop'") "\r\rdata: [DONE]\r\r",
      OK, "ab", "" },
    { "all line ends in one stream",
      "data: " CHOICE("{'content':'a'}", "null") "\r\n\r"
      "data: " CHOICE("{'content':'b'}", "null") "\n\r\n"
      "data: " CHOICE("{'content':'c'}", "'stop'") "\r\r\n\n",
      OK, "abc", "" },
    { "no space after the colon",
      "data:" CHOICE("{'content':'a'}", "null") "\n\n"
      "data:" CHOICE("{'content':'b'}", "'stop'") "\n\ndata:[DONE]\n\n",
      OK, "ab", "" },
    { "comments, ids, retries and unknown fields",
      ": ping\n\nretry: 1000\nid: 7\nfoo: bar\nbar\nevent: message\n"
      "data: " CHOICE("{'content':'a'}", "null") "\n\n:\n\n"
      "data\n\ndata:\n\ndata:  \n\n" STOP DONE,
      OK, "a", "" },
    { "a byte order mark", "\xEF\xBB\xBF" TEXT("a") STOP DONE, OK, "a", "" },
    { "blank lines first", "\r\n\n \n" TEXT("a") STOP, OK, "a", "" },
    { "data over several lines",
      FIRST "data: {'choices':[{'index':0,\r\ndata: 'delta':{'content':\r"
      "data:'a\\nb'},'finish_reason':\r\ndata: 'stop'}]}\n\n",
      OK, "a\nb", "" },
    { "escapes and surrogate pairs",
      FIRST TEXT("\\u6295\\u6807 \\\\ \\/ \\t\\r\\b\\f")
      TEXT("\\ud83d\\ude00 \\uD842\\uDFB7 \\u00e9\\u0041") STOP,
      OK, "投标 \\ / \t\r\b\f😀 𠮷 éA", "" },
    { "the same where all is parsed in full",
      "data: {'choices':[{'delta':{'content':'\\u6295\\u6807 \\\\ \\/ \\t\\r"
      "\\b\\f\\ud83d\\ude00 \\uD842\\uDFB7 \\u00e9\\u0041'},"
      "'finish_reason':'stop'}]}\n\n",
      OK, "投标 \\ / \t\r\b\f😀 𠮷 éA", "" },
    { "halves of surrogate pairs and NUL, on the fast path",
      FIRST TEXT("\\ud83d") TEXT("\\ude00|a\\u0000b|\\ud83d\\ud83d\\ude00|"
                                 "\\ud83dx\\udc00\\\\ud83d") STOP,
      OK, "\xEF\xBF\xBD\xEF\xBF\xBD|ab|\xEF\xBF\xBD😀|"
          "\xEF\xBF\xBDx\xEF\xBF\xBD\\ud83d", "" },
    { "and parsed in full",
      "data: " CHOICE("{'content':'\\ud83d\\u0000\\ude00x|a\\u0000b|\\ud83d"
                      "\\ud83d\\ude00|\\ud83dx\\udc00\\\\ud83d'}", "'stop'")
      "\n\n",
      OK, "\xEF\xBF\xBD\xEF\xBF\xBDx|ab|\xEF\xBF\xBD😀|"
          "\xEF\xBF\xBDx\xEF\xBF\xBD\\ud83d", "" },
    { "members in another order, white space, unknown members",
      FIRST "data: { 'usage' : null , 'choices' : [ { 'finish_reason' : '' , "
      "'delta' : { 'tool_calls' : [ { 'a' : [ 1.5e-3 , -0 , true , {} , [] ] "
      "} ] , 'refusal' : null , 'content' : 'a' , 'x' : '\\u12aB' } , 'index' "
      ": 0 } ] , 'z' : [ [ ] , false ] , 'error' : null } \n\n" STOP,
      OK, "a", "" },
    { "a member that comes twice: the last one counts",
      FIRST EVENT("{'content':'a','content':'b'}") STOP, OK, "b", "" },
    { "a name with an escape in it",
      FIRST EVENT("{'cont\\u0065nt':'a'}") STOP, OK, "a", "" },
    { "what changes is behind the text, then before it, then the text's kind",
      FIRST TEXT("a") TEXT("b") TEXT("c\\'d\\\\")
      EVENT("{'content':'e','refusal':null}")
      EVENT("{'role':'x','content':'f'}")
      TEXT("g") EVENT("{'reasoning':'h'}") EVENT("{'reasoning':'i'}")
      EVENT("{'content':'j'}") TEXT("") TEXT("k") STOP,
      OK, "abc\"d\\efgjk", "" },
    { "text and reasoning in one event",
      FIRST EVENT("{'content':'a','reasoning':'x'}")
      EVENT("{'content':'b','reasoning':'x'}")
      EVENT("{'content':'','reasoning':'x'}")
      EVENT("{'content':'','reasoning':'y'}")
      EVENT("{'content':'c','reasoning':'y'}") STOP, OK, "abc", "" },
    { "other choices are ignored",
      FIRST "data: {'choices':[{'index':1,'delta':{'content':'x'}}]}\n\n"
      "data: {'choices':[{'index':1,'delta':{'content':'x'},"
      "'finish_reason':'length'},{'index':0,'delta':{'content':'a'}}]}\n\n"
      STOP,
      OK, "a", "" },
    { "usage in a chunk without choices",
      TEXT("a") STOP "data: {'choices':[],'usage':{'prompt_tokens':812,"
      "'completion_tokens':96}}\n\n" DONE,
      OK, "a", "" },
    { "usage in every chunk, the last one counts",
      "data: {'model':'m','choices':[{'delta':{'content':'a'}}],"
      "'usage':{'prompt_tokens':812,'completion_tokens':1}}\n\n"
      "data: {'model':'m','choices':[{'delta':{'content':'b'},"
      "'finish_reason':'stop'}],'usage':{'prompt_tokens':812,"
      "'completion_tokens':96}}\n\n",
      OK, "ab", "" },
    { "usage in the choice",
      "data: {'model':'m','choices':[{'delta':{'content':'ab'},"
      "'finish_reason':'stop','usage':{'prompt_tokens':812,"
      "'completion_tokens':96}}]}\n\n",
      OK, "ab", "" },
    { "content in parts",
      FIRST EVENT("{'content':[{'type':'text','text':'a'},{'type':'text',"
                  "'text':'b'},{'type':'image'},7]}") STOP,
      OK, "ab", "" },
    { "reasoning is kept apart (DeepSeek)",
      FIRST EVENT("{'content':null,'reasoning_content':'让我想想'}")
      EVENT("{'content':null,'reasoning_content':'。'}") TEXT("a") STOP DONE,
      OK, "a", "" },
    { "reasoning of another name (OpenRouter), or of both",
      FIRST EVENT("{'reasoning':'hm','content':''}")
      EVENT("{'reasoning':'hm','reasoning_content':'hm'}") TEXT("a") STOP,
      OK, "a", "" },
    { "all is reasoning: then it is the answer",
      FIRST EVENT("{'reasoning_content':'{\\'verdict\\':'}")
      EVENT("{'reasoning_content':'1}'}") STOP DONE,
      OK, "{\"verdict\":1}", "" },
    { "said once, though both names are used",
      FIRST EVENT("{'reasoning':'{','reasoning_content':'{'}")
      "data: {'choices':[{'delta':{'reasoning':'}','reasoning_content':'}'},"
      "'finish_reason':'stop'}]}\n\n",
      OK, "{}", "" },
    { "no blank line at the end",
      TEXT("a") "data: " CHOICE("{'content':'b'}", "'stop'"), OK, "ab", "" },
    { "[DONE] without a line end", TEXT("a") "data: [DONE]", OK, "a", "" },
    { "[DONE] without finish_reason", TEXT("a") DONE, OK, "a", "" },
    { "nothing counts after [DONE]",
      TEXT("a") DONE TEXT("b") "data: junk\n\n", OK, "a", "" },
    { "a last message repeats what was said",
      TEXT("a") "data: {'choices':[{'index':0,'message':{'content':'a'},"
      "'finish_reason':'stop'}]}\n\n",
      OK, "a", "" },
    { "or is the only one to say it",
      "data: {'choices':[{'index':0,'message':{'content':'a'},"
      "'finish_reason':'stop'}]}\n\n",
      OK, "a", "" },
    { "a finish_reason that nobody knows",
      FIRST TEXT("a") "data: " CHOICE("{'content':'b'}", "'no'") "\n\n", OK,
      "ab", "" },
    { "and no content", FIRST "data: " CHOICE("{}", "'abort'") "\n\n" DONE,
      CUT, "", "finish_reason is \"abort\"" },
    { "one that is an object (SGLang)",
      FIRST TEXT("a") "data: " CHOICE("{}", "{'type':'length','length':9}")
      "\n\n", TRUNCATED, "a", "limit of tokens" },
    { "an object that says it is whole",
      FIRST TEXT("a") "data: " CHOICE("{}", "{'type':'stop','matched':7}")
      "\n\n", OK, "a", "" },
    { "an object that says nothing, and no content",
      FIRST "data: " CHOICE("{}", "{'x':1}") "\n\n", CUT, "", "unknown" },
    { "a number, and no content",
      FIRST "data: " CHOICE("{}", "7") "\n\n", CUT, "", "unknown" },
    { "other names of length",
      FIRST TEXT("a") "data: " CHOICE("{}", "'MAX_TOKENS'") "\n\n", TRUNCATED,
      "a", "limit of tokens" },
    { "and Anthropic's",
      FIRST TEXT("a") "data: "
      CHOICE("{}", "'model_context_window_exceeded'") "\n\n", TRUNCATED, "a",
      "limit of tokens" },
    { "other names of a filter",
      FIRST TEXT("a") "data: " CHOICE("{}", "'SAFETY'") "\n\n", REFUSED, "a",
      "content filter" },
    { "tools without arguments are no content",
      FIRST EVENT("{'tool_calls':[{'index':0}]}") "data: "
      CHOICE("{}", "'tool_calls'") "\n\n", EMPTY, "", "in any event" },
    { "the answer as arguments of a function, in pieces",
      FIRST EVENT("{'tool_calls':[{'index':0,'id':'c','type':'function',"
                  "'function':{'name':'answer','arguments':''}}]}")
      CALL("0", "{\\'verdict\\':") CALL("0", "\\'fail\\'}")
      "data: " CHOICE("{}", "'tool_calls'") "\n\n" DONE,
      OK, "{\"verdict\":\"fail\"}", "" },
    { "of two functions each has its line",
      FIRST CALL("0", "{a") CALL("0", "}") CALL("1", "{b") CALL("1", "}")
      "data: " CHOICE("{}", "'tool_calls'") "\n\n", OK, "{a}\n{b}", "" },
    { "what was said before stands before",
      FIRST TEXT("好的") CALL("0", "{}") TEXT("。") STOP, OK, "好的。\n{}", "" },
    { "the old form of it",
      FIRST EVENT("{'function_call':{'name':'answer','arguments':'{a'}}")
      EVENT("{'function_call':{'arguments':'}'}}") "data: "
      CHOICE("{}", "'function_call'") "\n\n", OK, "{a}", "" },
    { "an empty list of functions",
      FIRST EVENT("{'content':'a','tool_calls':[],'function_call':null}")
      EVENT("{'content':'b','tool_calls':[ ]}") STOP, OK, "ab", "" },
    { "arguments that are cut",
      FIRST CALL("0", "{a") "data: " CHOICE("{}", "'length'") "\n\n",
      TRUNCATED, "{a", "limit of tokens" },
    { "numbers of any size", FIRST
      "data: {'created':123456789012345678901234567890,'choices':[{'index':"
      "0,'delta':{'content':'a'},'finish_reason':'stop'}]}\n\n",
      OK, "a", "" },
    { "usage of wrong types is ignored",
      TEXT("a") "data: {'choices':[],'usage':{'prompt_tokens':'9',"
      "'completion_tokens':-1}}\n\ndata: {'choices':[],'usage':7}\n\n"
      "data: {'choices':[],'usage':{'prompt_tokens':1.5,"
      "'completion_tokens':1e300}}\n\n" STOP,
      OK, "a", "" },

    { "finish_reason length",
      TEXT("a") "data: " CHOICE("{}", "'length'") "\n\n" DONE,
      TRUNCATED, "a", "limit of tokens" },
    { "length, while it still reasons",
      FIRST EVENT("{'reasoning_content':'hm'}") "data: "
      CHOICE("{}", "'length'") "\n\n" DONE,
      TRUNCATED, "", "before the answer began" },
    { "content_filter",
      TEXT("a") "data: " CHOICE("{}", "'content_filter'") "\n\n" DONE,
      REFUSED, "a", "content filter" },
    { "GLM's word for it",
      TEXT("a") "data: " CHOICE("{}", "'sensitive'") "\n\n" DONE,
      REFUSED, "a", "content filter" },
    { "a refusal in pieces",
      FIRST EVENT("{'refusal':'I can '}") EVENT("{'refusal':'not.'}") STOP,
      REFUSED, "", "I can not." },

    { "cut between events", TEXT("a") TEXT("b"), CUT, "ab", "2 bytes" },
    { "cut within an event", TEXT("a") "data: {'choices':[{'index':0,'del",
      CUT, "a", "ends early" },
    { "cut within a character",
      TEXT("a") "data: {'choices':[{'delta':{'content':'\xE6\x8A",
      CUT, "a", "ends early" },
    { "cut within an escape",
      TEXT("a") "data: {'choices':[{'delta':{'content':'\\u62",
      CUT, "a", "ends early" },
    { "cut within a literal", TEXT("a") "data: {'usage':nul", CUT, "a",
      "ends early" },
    { "cut within [DONE]", TEXT("a") "data: [DO", CUT, "a", "ends early" },
    { "cut within a field's name", TEXT("a") "dat", CUT, "a", "ends early" },
    { "cut behind data:", "data:", CUT, "", "ends early" },
    { "cut within the first name", "dat", CUT, "", "empty" },
    { "comments only", ": ping\n\n: ping\n\n", CUT, "", "ends early" },
    { "cut after it has finished", TEXT("a") STOP "data: {'usage':{'pro",
      OK, "a", "" },
    { "broken after it has finished", TEXT("a") STOP "data: {'usage':}",
      OK, "a", "" },

    { "single line ends",
      "data: " CHOICE("{'content':'a'}", "null") "\n"
      "data: " CHOICE("{'content':'b'}", "null") "\n"
      "data: " CHOICE("{}", "'stop'") "\ndata: [DONE]\n", OK, "ab", "" },
    { "single CRLF, no [DONE]",
      "data: " CHOICE("{'content':'a'}", "null") "\r\n"
      "data: " CHOICE("{'content':'b'}", "'stop'") "\r\n", OK, "ab", "" },
    { "single line ends, and cut",
      "data: " CHOICE("{'content':'a'}", "null") "\n"
      "data: " CHOICE("{'content':'b'}", "null") "\ndata: {'ch", CUT, "ab",
      "ends early" },
    { "an event's name between single line ends",
      "data: " CHOICE("{'content':'a'}", "null") "\nevent: error\n"
      "data: {'message':'overloaded'}\n", ERROR, "a", "overloaded" },
    { "data that is empty, and another event at once",
      FIRST "data\nevent: x\ndata:\ndata: "
      CHOICE("{'content':'a'}", "'stop'") "\n\n", OK, "a", "" },
    { "an error that is no event",
      TEXT("a") "{'error':{'message':'died','code':500}}\n", ERROR, "a",
      "died" },
    { "an error that is no event, on many lines",
      TEXT("a") "{\n  'error': {\n    'message': 'died'\n  }\n}\n", ERROR,
      "a", "died" },
    { "at once behind an event",
      FIRST "data: " CHOICE("{'content':'a'}", "null") "\n"
      "{'error':{'message':'died','code':500}}\n" DONE, ERROR, "a", "died" },
    { "other lines that are no fields",
      TEXT("a") "<html>\n[1]\n{\n" STOP, BAD_JSON, "a", "not JSON" },
    { "an event of a list's error",
      TEXT("a") "data: [{'error':{'message':'died'}}]\n\n", ERROR, "a",
      "died" },
    { "an error of a choice (OpenRouter)",
      TEXT("a") "data: {'choices':[{'index':0,'delta':{'content':''},"
      "'error':{'code':502,'message':'Upstream died'},'finish_reason':"
      "'error'}]}\n\n", ERROR, "a", "Upstream died" },
    { "MiniMax's",
      TEXT("a") "data: {'choices':null,'base_resp':{'status_code':1002,"
      "'status_msg':'rate limit'}}\n\n", ERROR, "a", "rate limit" },
    { "MiniMax's where nothing is wrong",
      TEXT("a") "data: {'choices':[{'delta':{'content':'b'},'finish_reason':"
      "'stop'}],'base_resp':{'status_code':0,'status_msg':''}}\n\n", OK, "ab",
      "" },
    { "Spark's where nothing is wrong",
      "data: {'code':0,'message':'Success','sid':'x','choices':[{'delta':{"
      "'content':'a'},'index':0}]}\n\ndata: {'code':0,'message':'Success',"
      "'choices':[],'usage':{'prompt_tokens':1,'completion_tokens':1}}\n\n"
      DONE, OK, "a", "" },
    { "a message in place of an answer",
      TEXT("a") "data: {'code':50505,'message':'busy','data':null}\n\n",
      ERROR, "a", "busy" },
    { "a filter's error",
      TEXT("a") "data: {'error':{'code':'data_inspection_failed','message':"
      "'inappropriate'}}\n\n", REFUSED, "a", "inappropriate" },
    { "an error event (vLLM)",
      TEXT("a") "data: {'error':{'message':'EngineCore died','type':"
      "'InternalServerError','code':500}}\n\n" DONE,
      ERROR, "a", "EngineCore died" },
    { "an error as text",
      TEXT("a") "data: {'error':'out of memory'}\n\n", ERROR, "a",
      "out of memory" },
    { "event: error",
      TEXT("a") "event: error\ndata: {'message':'overloaded'}\n\n",
      ERROR, "a", "overloaded" },
    { "event: error, in words",
      "event: error\ndata: upstream went\ndata: away\n\n", ERROR, "",
      "upstream went away" },
    { "event: error is only said of one event",
      "event: error\n\n" TEXT("a") STOP, OK, "a", "" },
    { "an old vLLM's",
      FIRST "data: {'object':'error','message':'bad','code':400}\n\n",
      ERROR, "", "bad" },
    { "an error without words", "data: {'error':{'x':1}}\n\n", ERROR, "",
      "without a message" },
    { "no error",
      "data: {'error':{},'choices':[{'delta':{'content':'a'},"
      "'finish_reason':'stop'}]}\n\n", OK, "a", "" },
    { "keys are not repeated",
      "data: {'error':{'message':'Incorrect key sk-abc123-DEF, use Bearer "
      "eyJhb.x_y; see 任务sk-1'}}\n\n",
      ERROR, "", "key sk-**********, use Bearer *********; see 任务sk-*" },
    { "words are no keys", "data: {'error':'a task-based desk-top'}\n\n",
      ERROR, "", "a task-based desk-top" },

    { "an event that is not JSON", TEXT("a") "data: <oops>\n\n" DONE,
      BAD_JSON, "a", "not JSON: <oops>" },
    { "an event that is cut, but not the last one",
      TEXT("a") "data: {'choices':\n\n" DONE, BAD_JSON, "a", "not JSON: line" },
    { "two objects in one event", TEXT("a") "data: {} {}\n\n", BAD_JSON, "a",
      "not JSON" },
    { "invalid UTF-8 on the fast path", FIRST TEXT("a\xC3(") STOP,
      BAD_JSON, "", "unable to decode byte 0xc3" },
    { "invalid UTF-8 in an unknown member",
      FIRST EVENT("{'x':'\xFF','content':'a'}") STOP, BAD_JSON, "",
      "unable to decode byte 0xff" },
    { "a control character", FIRST TEXT("a\x01") STOP, BAD_JSON, "",
      "control character" },
    { "content that is no text", FIRST EVENT("{'content':{'a':1}}") STOP,
      BAD_JSON, "", "not a text" },
    { "an event that is a number", "data: 7\n\n", BAD_JSON, "", "not JSON: 7" },
    { "nothing but [DONE]", DONE, EMPTY, "", "in any event" },
    { "no content", FIRST STOP DONE, EMPTY, "", "in any event" },
    { "white space as content", FIRST TEXT(" \\n") STOP, EMPTY, "",
      "in any event" }
};


static const case_t  bodies[] = {

    { "one object", BODY(SAID("'投标\\u4fdd证金'"), "'stop'"), OK,
      "投标保证金", "" },
    { "with a byte order mark and white space",
      "\xEF\xBB\xBF \r\n" BODY(SAID("'a'"), "'stop'") "\n\n", OK, "a", "" },
    { "white space before the mark", "\n\xEF\xBB\xBF" BODY(SAID("'a'"), "null"),
      OK, "a", "" },
    { "no finish_reason", BODY(SAID("'a'"), "null"), OK, "a", "" },
    { "content in parts",
      BODY(SAID("[{'type':'thinking','thinking':[]},{'type':'text','text':'a'"
                "},{'text':'b'}]"), "'stop'"), OK, "ab", "" },
    { "reasoning beside (vLLM)",
      BODY("{'reasoning_content':'hm','content':'a'}", "'stop'"),
      OK, "a", "" },
    { "all is reasoning",
      BODY("{'reasoning_content':' {} ','content':null}", "'stop'"), OK,
      " {} ", "" },
    { "all is reasoning, with a draft in it",
      BODY("{'reasoning_content':'a {}','content':null}", "'stop'"), EMPTY, "",
      "" },
    { "all is reasoning, with two drafts in it",
      BODY("{'reasoning_content':'{} {}','content':'\\n'}", "'stop'"), EMPTY,
      "", "" },
    { "all is reasoning, and cut",
      BODY("{'reasoning_content':'a','content':null}", "'length'"),
      TRUNCATED, "", "before the answer began" },
    { "length", BODY(SAID("'a'"), "'length'"), TRUNCATED, "a",
      "limit of tokens" },
    { "half of a surrogate pair, and NUL",
      BODY(SAID("'a\\ud83d\\u0000b'"), "'stop'"), OK, "a\xEF\xBF\xBD" "b", "" },
    { "a refusal",
      BODY("{'content':null,'refusal':'I can not.'}", "'stop'"),
      REFUSED, "", "I can not." },
    { "a filter", BODY(SAID("''"), "'content_filter'"), REFUSED, "",
      "content filter" },

    { "an error", "{'error':{'message':'no such model','type':'x'}}", ERROR,
      "", "no such model" },
    { "an old vLLM's", "{'object':'error','message':'too long'}", ERROR, "",
      "too long" },
    { "an error in a list (Gemini)", "[{'error':{'message':'quota'}}]", ERROR,
      "", "quota" },

    { "a whole body, then the end of a stream",
      BODY(SAID("'a'"), "'stop'") "\n\ndata: [DONE]\n\n", OK, "a", "" },
    { "the same at once, parsed in full",
      "{'choices':[{'message':{'content':'a','refusal':null,'x':'\\u0000'},"
      "'finish_reason':'stop','error':{}}]}data:[DONE]", OK, "a", "" },
    { "an end without its beginning", "data: [DONE]", EMPTY, "",
      "in any event" },
    { "an end that ends nothing", "{'choices':[]} [DONE]", BAD_JSON, "",
      "not JSON" },
    { "a function's arguments",
      BODY("{'content':null,'tool_calls':[{'id':'c','type':'function',"
           "'function':{'name':'answer','arguments':'{\\'a\\':1}'}}]}",
           "'tool_calls'"), OK, "{\"a\":1}", "" },
    { "arguments that are no text",
      BODY("{'content':'','tool_calls':[{'function':{'arguments':{'a':'x'}}"
           "},{'function':{'arguments':{'b':'y'}}}]}", "'stop'"), OK,
      "{\"a\":\"x\"}\n{\"b\":\"y\"}", "" },
    { "arguments that are nothing",
      BODY("{'content':'a','tool_calls':[{'function':{'arguments':{}}},7,{"
           "'function':{'arguments':''}}],'function_call':{'arguments':7}}",
           "'stop'"), OK, "a", "" },
    { "arguments go before reasoning",
      BODY("{'reasoning':'{}','function_call':{'arguments':'{a}'}}",
           "'function_call'"), OK, "{a}", "" },
    { "given up", BODY(SAID("null"), "'insufficient_system_resource'"), CUT, "",
      "insufficient_system_resource" },
    { "given up, but not before it is whole", BODY(SAID("'{}'"), "'abort'"), OK,
      "{}", "" },
    { "FastAPI's", "{'detail':'Not authenticated'}", ERROR, "",
      "Not authenticated" },
    { "an error behind a Success", "{'code':0,'message':'Success'}", EMPTY, "",
      "no \"choices\"" },

    { "no choices", "{'id':'x'}", EMPTY, "", "no \"choices\"" },
    { "choices is empty", "{'choices':[]}", EMPTY, "",
      "\"choices\" is empty" },
    { "content is null", BODY(SAID("null"), "'stop'"), EMPTY, "",
      "\"content\" is null" },
    { "content is empty", BODY(SAID("''"), "'stop'"), EMPTY, "",
      "\"content\" is empty" },
    { "no content", BODY("{}", "'stop'"), EMPTY, "", "no \"content\"" },
    { "nothing but another choice",
      "{'choices':[{'index':2,'message':{'content':'a'}}]}", EMPTY, "",
      "\"choices\" is empty" },

    { "nothing", "", CUT, "", "empty" },
    { "white space", " \n ", CUT, "", "empty" },
    { "cut in a string", "{'choices':[{'message':{'content':'a", CUT, "",
      "ends early, after 36 bytes" },
    { "cut in a character", "{'choices':[{'message':{'content':'\xE6", CUT, "",
      "ends early" },
    { "cut in an escape", "{'a':'\\", CUT, "", "ends early" },
    { "cut behind a backslash u", "{'a':'\\u00e", CUT, "", "ends early" },
    { "cut in a number", "{'a':-", CUT, "", "ends early" },
    { "cut in a fraction", "{'a':1.", CUT, "", "ends early" },
    { "cut in a literal", "{'a':[tru", CUT, "", "ends early" },
    { "cut behind a name", "{'a'", CUT, "", "ends early" },

    { "a web page", "<html>\r\n<head><title>502 Bad Gateway</title>", BAD_JSON,
      "", "not JSON: <html> <head><title>502 Bad Gateway</title>" },
    { "words that are cut between characters",
      "服务暂时不可用，请稍后再试，服务暂时不可用，请稍后再试。", BAD_JSON, "",
      "not JSON: 服务暂时不可用，请稍后再试，服务暂时不可..." },
    { "a bare name", "datum: 7", BAD_JSON, "", "not JSON: datum: 7" },
    { "a list", "[1]", BAD_JSON, "", "not an object" },
    { "an empty list", "[]", BAD_JSON, "", "not an object" },
    { "junk behind", "{'choices':[]} x", BAD_JSON, "", "not JSON: line 1" },
    { "a comma too many", "{'choices':[],}", BAD_JSON, "", "not JSON: line" },
    { "invalid UTF-8", BODY(SAID("'a\xff'"), "'stop'"), BAD_JSON, "",
      "unable to decode byte 0xff" },
    { "a leading zero", "{'a':01}", BAD_JSON, "", "not JSON" },
    { "an escape that is none", "{'a':'\\x'}", BAD_JSON, "", "not JSON" },
    { "content that is a number", BODY(SAID("7"), "'stop'"), BAD_JSON, "",
      "not a text" }
};


static char *
quoted(const char *text, size_t *len)
{
    char  *copy, *p;

    *len = strlen(text);

    copy = malloc(*len + 1);
    memcpy(copy, text, *len + 1);

    for (p = copy; *p; p++) {
        if (*p == '\'') {
            *p = '"';
        }
    }

    return copy;
}


/*
 * Without the fast path: the first event is always parsed in full, so each
 * line is made the first.
 */

#define SLOW  0


static review_completion_e
feed(review_completion_t *c, review_pool_t *pool, const char *body, size_t len,
    size_t size, size_t max)
{
    char        *piece;
    size_t       i, n;
    const char  *lf;

    review_completion_init(c, pool, max);

    for (i = 0; i < len; i += n) {

        if (size == SLOW) {
            lf = memchr(body + i, '\n', len - i);
            n = lf ? (size_t) (lf - body) + 1 - i : len - i;
            c->started = 0;

        } else {
            n = len - i < size ? len - i : size;
        }

        piece = malloc(n);
        memcpy(piece, body + i, n);

        (void) review_completion_feed(c, piece, n);

        free(piece);
    }

    return review_completion_end(c);
}


static void
check(const char *kind, const case_t *test)
{
    char                 *body;
    size_t                i, len;
    review_pool_t        *pool;
    review_completion_t   c;
    review_completion_e   rc;

    static const size_t  sizes[] = { SIZE_MAX, 1, 2, 3, 7, 64, 333, SLOW };

    body = quoted(test->body, &len);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        pool = tap_pool();

        rc = feed(&c, pool, body, len, sizes[i], 4096);

        ok(rc == test->rc, "%s: %s, by %zu: result %d", kind, test->name,
           sizes[i], (int) rc);
        is_str(c.content, test->content, "its content");
        ok(rc == OK ? c.detail[0] == '\0'
                    : c.detail[0] && strstr(c.detail, test->detail),
           "its detail: %s", c.detail);
        ok(review_utf8_valid(c.detail, strlen(c.detail)) == strlen(c.detail),
           "which is UTF-8");

        tap_pool_free(pool);
    }

    free(body);
}


static void
check_meta(void)
{
    int                   i;
    char                 *body;
    size_t                len;
    review_pool_t        *pool;
    review_completion_t   c;

    static const char  stream[] =
        "data: {'model':'qwen3','choices':[{'delta':{'content':'a'}}],"
        "'usage':{'prompt_tokens':1,'completion_tokens':1}}\n\n"
        "data: {'model':'other','choices':[{'delta':{'content':'a'},"
        "'finish_reason':'stop'}],'usage':null}\n\n"
        "data: {'choices':[],'usage':{'prompt_tokens':812,"
        "'completion_tokens':96}}\n\n" DONE;

    pool = tap_pool();

    body = quoted(stream, &len);
    (void) feed(&c, pool, body, len, 5, 100);
    free(body);

    is_str(c.model, "qwen3", "the model is the first event's");
    is_str(c.finish_reason, "stop", "finish_reason");
    ok(c.prompt_tokens == 812 && c.completion_tokens == 96,
       "the last usage counts");

    body = quoted(BODY(SAID("'a'"), "'stop'"), &len);
    (void) feed(&c, pool, body, len, 5, 100);
    free(body);

    is_str(c.model, "glm-4-9b-chat", "a body's model");
    is_str(c.finish_reason, "stop", "its finish_reason");
    ok(c.prompt_tokens == 812 && c.completion_tokens == 96, "its usage");

    for (i = 0; i < 2; i++) {
        body = quoted(i ? "{'choices':[{'message':{'content':'a'}," CHOICES
                        : "data: {'choices':[{'delta':{'content':'a'}," CHOICES
                          "\n\n", &len);
        (void) feed(&c, pool, body, len, 5, 100);
        free(body);

        ok(c.prompt_tokens == 812 && c.completion_tokens == 96,
           "the usage of a choice");
    }

    body = quoted("{'choices':[{'message':{'content':'a'}}]}", &len);
    (void) feed(&c, pool, body, len, 5, 100);
    free(body);

    is_str(c.model, "", "no model");
    is_str(c.finish_reason, "", "no finish_reason");
    ok(c.prompt_tokens == -1 && c.completion_tokens == -1
       && c.reasoning_tokens == -1, "no usage");

    body = quoted(EVENT("{'reasoning':'hm'}") "data: " CHOICE("{}", "'length'")
                  "\n\ndata: {'choices':[],'usage':{'completion_tokens':9,"
                  "'completion_tokens_details':{'reasoning_tokens':9}}}\n\n",
                  &len);
    (void) feed(&c, pool, body, len, 5, 100);
    free(body);

    ok(c.thinking && c.reasoning_tokens == 9, "reasoning that is cut");

    body = quoted(EVENT("{'reasoning':'hm'}") TEXT("{") "data: "
                  CHOICE("{}", "'length'") "\n\n", &len);
    (void) feed(&c, pool, body, len, 5, 100);
    free(body);

    ok(!c.thinking, "an answer that is cut");

    body = quoted(FIRST EVENT("{'reasoning':'hm'}") TEXT("a") TEXT("b")
                  EVENT("{}"), &len);
    (void) feed(&c, pool, body, len, 5, 100);
    free(body);

    ok(c.pieces == 3, "pieces with text: %zu", c.pieces);

    body = quoted(BODY(SAID("'{'"), "'abort'"), &len);
    (void) feed(&c, pool, body, len, 5, 100);
    free(body);

    ok(c.torn, "a finish_reason that nobody knows is torn");

    tap_pool_free(pool);
}


/* "count" times the text */

static char *
repeat(const char *text, size_t count, size_t *len)
{
    char    *copy, *one;
    size_t   i, n;

    one = quoted(text, &n);

    *len = n * count;
    copy = malloc(*len + 1);

    for (i = 0; i < count; i++) {
        memcpy(copy + i * n, one, n);
    }

    free(one);

    return copy;
}


static void
check_limit(const char *name, const char *text, size_t count, size_t max,
    review_completion_e expected)
{
    char                 *body;
    size_t                i, len;
    review_pool_t        *pool;
    review_completion_t   c;
    review_completion_e   rc;

    static const size_t  sizes[] = { SIZE_MAX, 1000, 61, SLOW };

    body = repeat(text, count, &len);

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        pool = tap_pool();

        rc = feed(&c, pool, body, len, sizes[i], max);

        ok(rc == expected, "%s, by %zu: %d %s", name, sizes[i], (int) rc,
           c.detail);
        ok(review_completion_feed(&c, "x", 1) == (rc == TOO_LARGE ? -1 : 0),
           "the caller is told");

        tap_pool_free(pool);
    }

    free(body);
}


/* a whole body with much behind "before", of 50000 bytes an answer */

static void
check_body(const char *name, const char *before, size_t much,
    const char *behind, review_completion_e expected)
{
    char                 *body;
    size_t                n, len;
    review_pool_t        *pool;
    review_completion_t   c;
    review_completion_e   rc;

    n = strlen(before);
    len = n + much + strlen(behind);
    body = malloc(len + 1);

    memcpy(body, before, n);
    memset(body + n, 'x', much);
    memcpy(body + n + much, behind, strlen(behind) + 1);

    pool = tap_pool();
    rc = feed(&c, pool, body, len, SIZE_MAX, 50000);

    ok(rc == expected, "%s: %d %s", name, (int) rc, c.detail);

    tap_pool_free(pool);
    free(body);
}


/* one that has to be parsed has a bound of its own: values cost time */

static void
check_parsed(void)
{
    static const char  usual[] = "{\"choices\":[{\"index\":0,\"message\":"
        "{\"content\":\"{}\",\"reasoning\":\"";
    static const char  other[] = "{\"error\":{},\"choices\":[{\"message\":"
        "{\"content\":\"{}\",\"reasoning\":\"";

    check_body("reasoning of the usual form", usual, 150000, "\"}}]}", OK);
    check_body("cut", usual, 150000, "\"}}", CUT);
    check_body("of another form", other, 110000, "\"}}]}", OK);
    check_body("and large", other, 150000, "\"}}]}", TOO_LARGE);
    check_body("and cut", other, 150000, "\"}}", CUT);
}


static void
check_limits(void)
{
    check_parsed();

    check_limit("content within the limit", TEXT("{bcde"), 20, 100, CUT);
    check_limit("content over it", TEXT("{bcde"), 21, 100, TOO_LARGE);
    check_limit("in a fence", TEXT("`bcde"), 21, 100, TOO_LARGE);
    check_limit("behind white space", TEXT("  {  "), 21, 100, TOO_LARGE);
    check_limit("nothing but white space", TEXT("     "), 21, 100, TOO_LARGE);
    check_limit("what may be reasoning is content, too", TEXT("<bcde"), 100,
                100, CUT);
    check_limit("and has a limit", TEXT("<bcde"), 101, 100, TOO_LARGE);
    check_limit("arguments over it", CALL("0", "abcde"), 21, 100, TOO_LARGE);
    check_limit("reasoning within its own", EVENT("{'reasoning':'abcde'}"), 80,
                100, CUT);
    check_limit("reasoning over it", EVENT("{'reasoning':'abcde'}"), 81, 100,
                TOO_LARGE);
    check_limit("reasoning takes nothing from an answer",
                EVENT("{'reasoning':'abcd','content':'{'}"), 100, 100, CUT);
    check_limit("a body over it", BODY(SAID("'{bcdefghijk'"), "null"), 1, 10,
                TOO_LARGE);
    check_limit("a body at it", BODY(SAID("'{bcdefghij'"), "null"), 1, 10, OK);
    check_limit("a body over it in prose",
                BODY(SAID("'0123456789012345678901234567890123456789"
                          "01234567890'"), "null"), 1, 10, TOO_LARGE);

    check_limit("a body without an end", "[1,", 30000, 10, TOO_LARGE);
    check_limit("a line without an end", "data:", 20000, 10, TOO_LARGE);
    check_limit("an object without an end or its data:", "data:1\n{'a':\n",
                10000, 10, TOO_LARGE);
    check_limit("a comment without an end", ":", 70000, 10, TOO_LARGE);
    check_limit("an event without an end", "data: abcdefgh\n", 10000, 10,
                TOO_LARGE);
    check_limit("comments without an end", ": ping\n\n", 20000, 10, CUT);

    check_limit("nested deeply", "[", 60000, 10, BAD_JSON);
    check_limit("nested less deeply, and cut", "[", 2000, 10, CUT);
    check_limit("an event nested deeply",
                "data: {'choices':[{'delta':{'x':[[[[[[[[[[[[[[[[[[[[[[[[[[[",
                1, 10, CUT);
}


/* ordinary events are to be read without memory for each of them */

static size_t  allocations;


static void *
counted_alloc(review_pool_t *pool, size_t size)
{
    allocations++;

    return tap_alloc(pool, size);
}


static void
check_memory(void)
{
    char                 *body;
    size_t                len;
    review_pool_t        *pool;
    review_completion_t   c;

    pool = tap_pool();
    pool->alloc = counted_alloc;

    body = repeat(TEXT("\\u6295标"), 1000, &len);

    (void) feed(&c, pool, body, len, SIZE_MAX, 100000);

    ok(c.content.len == 6000, "1000 events");
    ok(allocations < 16, "%zu allocations", allocations);

    free(body);
    tap_pool_free(pool);
}


static size_t  left;


static void *
failing_alloc(review_pool_t *pool, size_t size)
{
    if (left == 0) {
        return NULL;
    }

    left--;

    return tap_alloc(pool, size);
}


static void
check_no_memory(const char *name, const char *text)
{
    char                 *body;
    size_t                i, len;
    review_pool_t        *pool;
    review_completion_t   c;
    review_completion_e   rc;

    body = quoted(text, &len);
    rc = REVIEW_COMPLETION_NO_MEMORY;

    for (i = 0; i < 20 && rc == REVIEW_COMPLETION_NO_MEMORY; i++) {
        pool = tap_pool();
        pool->alloc = failing_alloc;
        left = i;

        rc = feed(&c, pool, body, len, 50, 1000);

        tap_pool_free(pool);
    }

    ok(i > 2 && rc == OK, "%s: %zu allocations can fail", name, i - 1);

    free(body);
}


/* which errors come again whatever one does, and which may pass */

static void
check_permanent(void)
{
    char                  body[512], *p;
    size_t                i;
    review_pool_t        *pool;
    review_completion_t   c;
    review_completion_e   rc;

    static const struct {
        const char  *error;
        int          permanent;
    } errors[] = {
        { "{'error':{'message':'x','type':'server_error'}}", 0 },
        { "{'error':{'message':'x','code':500,'type':'invalid'}}", 0 },
        { "{'error':{'message':'invalid'}}", 0 },
        { "{'error':'invalid_request_error'}", 0 },
        { "{'error':{'message':'x','code':429}}", 0 },
        { "{'error':{'message':'x','code':'408'}}", 0 },
        { "{'error':{'message':'x','type':'overloaded_error'}}", 0 },
        { "{'object':'error','message':'x','code':null}", 0 },
        { "{'error':{'message':'x','code':400}}", 1 },
        { "{'error':{'message':'x','code':'404'}}", 1 },
        { "{'error':{'message':'x','code':302}}", 1 },
        { "{'error':{'message':'x','status':401}}", 1 },
        { "{'object':'error','message':'x','type':'BadRequestError'}", 1 },
        { "{'error':{'type':'invalid_request_error','code':null}}", 1 },
        { "{'error':{'message':'x','code':'context_length_exceeded'}}", 1 },
        { "{'error':{'message':'x','code':'insufficient_quota'}}", 1 },
        { "{'error':{'message':'x','type':'authentication_error'}}", 1 },
        { "{'error':{'message':'x','code':'Invalid-API.Key'}}", 1 },
        { "{'error':{'message':'x','code':1301}}", 1 },
        { "{'error':{'message':'x','code':'data_inspection_failed'}}", 1 }
    };

    for (i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
        snprintf(body, sizeof(body), "%s", errors[i].error);

        for (p = body; *p; p++) {
            *p = *p == '\'' ? '"' : *p;
        }

        pool = tap_pool();
        review_completion_init(&c, pool, 4096);
        (void) review_completion_feed(&c, body, strlen(body));

        rc = review_completion_end(&c);

        ok((rc == ERROR || rc == REFUSED)
           && (rc == REFUSED || c.quota
               || (c.status && !review_code_passes(
                                   review_code_http(c.status))))
              == errors[i].permanent, "%s: %s, %u", errors[i].error,
           errors[i].permanent ? "comes again" : "may pass", c.status);

        tap_pool_free(pool);
    }
}


int
main(void)
{
    size_t  i;

    for (i = 0; i < sizeof(streams) / sizeof(streams[0]); i++) {
        check("stream", &streams[i]);
    }

    for (i = 0; i < sizeof(bodies) / sizeof(bodies[0]); i++) {
        check("body", &bodies[i]);
    }

    check_permanent();
    check_meta();
    check_limits();
    check_memory();

    check_no_memory("stream", FIRST EVENT("{'reasoning':'hm'}") TEXT("a") STOP);
    check_no_memory("body", BODY(SAID("'\\ud83d'"), "'stop'"));

    return tap_end();
}
