-- A review in Lua: as its users would write it, and with the chunk escaped
-- once and spliced into bodies that were made when nginx started.

local cjson = require "cjson.safe"

review = {}

local TRIES = 3
local VERDICTS = { pass = true, risk = true, fail = true,
                   not_applicable = true, unsure = true }


local function read_json(name)
    local f = assert(io.open(name))
    local value = assert(cjson.decode(f:read("*a")))
    f:close()
    return value
end


local rubric = read_json("@RUBRIC@")
local prompt = read_json("@BENCH@/prompt.json")


-- every point's question, the chunk still to come

local function fill(template, values)
    return (template:gsub("{(%w+)}", function(name) return values[name] end))
end


local questions, heads, tails = {}, {}, {}

local function body(user)
    return { model = "stand-in", temperature = 0, stream = false,
             messages = { { role = "system", content = prompt.system },
                          { role = "user", content = user } } }
end

for i, point in ipairs(rubric.points) do
    questions[i] = fill(prompt.user, { title = point.title, chunk = "{chunk}",
                                       severity = point.severity,
                                       question = point.question })
    local text = cjson.encode(body(questions[i]))
    local from, to = text:find("{chunk}", 1, true)
    heads[i] = text:sub(1, from - 1)
    tails[i] = text:sub(to + 1)
end


-- an object encoded for every point

function review.encoded(chunk)
    local bodies = {}
    for i, question in ipairs(questions) do
        local text = question:gsub("{chunk}", function() return chunk end)
        bodies[i] = cjson.encode(body(text))
    end
    return bodies
end


-- the chunk escaped once

function review.spliced(chunk)
    local text = cjson.encode(chunk):sub(2, -2)
    local bodies = {}
    for i = 1, #heads do
        bodies[i] = heads[i] .. text .. tails[i]
    end
    return bodies
end


local function evidence(quote)
    local list
    for _, text in ipairs(type(quote) == "table" and quote or { quote }) do
        if text ~= "" then
            list = list or {}
            list[#list + 1] = { quote = text, source = "chunk" }
        end
    end
    return list
end


-- the finding in a reply, or nil and what is wrong with it

local function finding(point, res)
    if res.status ~= 200 or res.truncated then
        return nil, "http_" .. res.status
    end
    local reply = cjson.decode(res.body)
    local choice = type(reply) == "table" and reply.choices
        and reply.choices[1]
    local message = choice and choice.message
    if not message or choice.finish_reason ~= "stop" then
        return nil, "bad_json"
    end
    local answer = cjson.decode(message.content)
    if type(answer) ~= "table" or not VERDICTS[answer.verdict] then
        return nil, "bad_answer"
    end
    local confidence = tonumber(answer.confidence) or 0
    return { verdict = answer.verdict,
             severity = answer.severity or point.severity,
             reason = answer.reason, suggestion = answer.suggestion,
             confidence = math.max(0, math.min(1, confidence)),
             evidence = evidence(answer.quote) }, nil, reply
end


local function take(result, point, res, usage)
    local found, code, reply = finding(point, res)
    result.attempts = result.attempts + 1
    usage.calls = usage.calls + 1
    if not found then
        result.error = { code = code }
        return false
    end
    result.status, result.error = "ok", nil
    result.finding, result.usage = found, reply.usage
    result.model = reply.model
    for _, name in ipairs { "prompt_tokens", "completion_tokens",
                            "total_tokens" } do
        usage[name] = usage[name] + (reply.usage and reply.usage[name] or 0)
    end
    return true
end


-- one round of calls, all at once; the points that have to be asked again

local function round(todo, bodies, results, usage)
    local calls, again = {}, {}
    for n, i in ipairs(todo) do
        calls[n] = { "/llm", { method = ngx.HTTP_POST, body = bodies[i] } }
    end
    local replies = { ngx.location.capture_multi(calls) }
    for n, i in ipairs(todo) do
        if not take(results[i], rubric.points[i], replies[n], usage) then
            again[#again + 1] = i
        end
    end
    return again
end


local function bad_request(detail)
    ngx.status = 400
    ngx.header.content_type = "application/problem+json"
    ngx.print(cjson.encode({ status = 400, detail = detail }))
end


function review.handle(make_bodies)
    local started = ngx.now()
    ngx.req.read_body()
    local request = cjson.decode(ngx.req.get_body_data() or "")
    local chunk = type(request) == "table" and request.chunk
    if type(chunk) ~= "table" or type(chunk.text) ~= "string" then
        return bad_request("chunk.text must be a string")
    end

    local results, todo = {}, {}
    local usage = { calls = 0, retries = 0, prompt_tokens = 0,
                    completion_tokens = 0, total_tokens = 0 }
    for i, point in ipairs(rubric.points) do
        results[i] = { point = point.id, status = "failed", attempts = 0 }
        todo[i] = i
    end

    local bodies = make_bodies(chunk.text)
    for _ = 1, TRIES do
        todo = round(todo, bodies, results, usage)
        if #todo == 0 then
            break
        end
        usage.retries = usage.retries + #todo
    end

    ngx.update_time()
    local elapsed = math.floor((ngx.now() - started) * 1000)
    for _, result in ipairs(results) do
        result.elapsed_ms = elapsed
    end
    local failed = #todo
    ngx.header.content_type = "application/json"
    ngx.print(cjson.encode({
        id = chunk.id, results = results, usage = usage, elapsed_ms = elapsed,
        rubric = { name = rubric.name, version = rubric.version },
        status = failed == 0 and "complete"
            or failed < #results and "partial" or "failed" }))
end
