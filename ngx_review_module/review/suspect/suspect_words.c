
#include "review/suspect/suspect_words.h"

#include <stddef.h>


const review_suspect_words_t  review_suspect_words[] = {

    /* what was asked is to be forgotten */

    { { "忽略 无视 無視 不要理会 不必理会 无需理会 不用理会 不要遵守 不要遵循 "
        "无需遵守 无需遵循 不要执行 ignore disregard",
        "以上 上述 上面 之前 前面 此前 先前 前述 原有 原来 所有 一切 全部 任何 "
        "系统 系統 你的 您的 审核 评审 審核 評審 above previous "
        "prior",
        "要求 指令 指示 提示 命令 规则 規則 约定 約定 任务 任務 设定 設定 限制 "
        "内容 內容 instructions instruction requirements rules prompt" },
      6, NULL, 1, 0 },

    { { "忘记 忘記 忘掉 抛开 不再遵守 不再遵循 停止执行",
        "以上 上述 上面 之前 前面 此前 先前 前述 所有 一切 你的 您的",
        "要求 指令 指示 提示 命令 规则 規則 设定 設定 内容 內容" },
      4, NULL, 1, 0 },

    { { "ignore disregard forget donotfollow don'tfollow stopfollowing",
        "above previous prior earlier preceding foregoing all any your system",
        "instruction prompt rule requirement direction guideline order command "
        "criteria task" },
      24, NULL, 1, 1 },

    { { "ignore disregard forget",
        "theinstruction thoseinstruction theseinstruction theprompt" },
      0, NULL, 1, 1 },

    { { "ignoretheabove ignoreallabove ignoreeverythingabove ignoreallprevious "
        "disregardtheabove disregardallabove disregardeverythingabove "
        "disregardallprevious forgeteverything forgettheabove" },
      0, NULL, 1, 0 },

    /* a verdict is demanded */

    { { "回答 回复 回覆 答复 答覆 输出 輸出 返回 直接给出 务必给出 必须给出",
        "pass" },
      8, "/ | 、 或 和 与 信号 表示 or and fail", 0, 0 },

    { { "审核员 审核者 审核人 审核专家 审核模型 审核系统 审核助手 审核程序 "
        "评审模型 评审系统 评标系统 審核員 審核模型 審核系統",
        "请 必须 务必 直接 一律 只需 只能 請 必須 務必",
        "回答 回复 判定 判为 判為 认定 忽略 给出通过 给出符合 给出合格 输出通过 "
        "输出符合 输出合格 输出\"符合 输出\"通过 返回通过 直接通过 一律通过 予以通过" },
      10, NULL, 0, 0 },

    { { "你必须 你只需 你只能 你应当", "回答 输出 给出 返回 判定 判为",
        "通过 合格 符合 \"通过 \"合格 \"符合" },
      4, NULL, 0, 0 },

    { { "审核点", "为 是 成", "pass" }, 6, "/ | 或 or fail", 0, 0 },

    { { "直接判定 直接判为 直接给出 直接输出", "通过 通過 合格 符合" },
      2, NULL, 0, 0 },

    { { "不要 无需 不必 请勿 不用 停止", "审核 审查 评审",
        "本段 以下 这段 此段 该段 本章 这一段 这份" },
      2, NULL, 0, 0 },

    { { "不要指出 不要提及 不要报告 请勿指出 请勿提及 请勿报告 不得指出",
        "问题 风险 不符合 缺陷 不足" },
      8, NULL, 0, 0 },

    { { "answer respond reply", "pass 'pass' \"pass\"" },
      10, "/ | or and fail", 0, 0 },

    { { "mark rate judge treat classify report",
        "this everything allpoints everypoint it",
        "aspass aspassed ascompliant as\"pass\" as'pass'" },
      24, "only after when if unless", 0, 0 },

    /* the reviewer is told who it is */

    { { "从现在起你 从现在开始你 现在开始你" },
      0, "方 公司 单位 们", 0, 0 },

    { { "你现在是 你现在的身份 你的新任务 你的新身份 以下是新的指令 "
        "以下是新指令 新的系统指令 新的系统提示 本指令优先 以下指令优先 "
        "致审核模型 致审核ai 致审核员 致评审ai 致评审模型 "
        "致ai 给ai的指令 给模型的指令" },
      0, NULL, 0, 0 },

    { { "youarenowa youarenowan youarenowthe fromnowonyou fromnowon,you "
        "yournewtask yournewrole newinstructions: newinstruction: "
        "systemprompt: attentionreviewer notetothereviewer notetothemodel "
        "asanaimodel asanaireviewer dearaireviewer" },
      0, NULL, 0, 1 },

    /* our answer, forged */

    { { "verdict", ": = 为 是 填 应 為 應 is to as shouldbe mustbe",
        "pass risk fail unsure notapplicable not-applicable" },
      3, NULL, 0, 0 },

    /* our marks, forged */

    { { "<review-text </review-text" }, 0, NULL, 0, 1 },

    /* control tokens of chat templates */

    { { "<|", "|>" }, 40, NULL, 0, 0 },

    { { "◁", "▷" }, 24, NULL, 0, 0 },

    { { "<start-of-turn> <end-of-turn> <start-of-image> <bos> <eos> <s> </s> "
        "<pad> <unk> <mask> <eod> <eot> <sop> <eop> <bos-token> <eos-token> "
        "<im-start> <im-end> <think> </think> <thinking> </thinking> "
        "<reasoning> </reasoning> <tool-call> </tool-call> <tool-response> "
        "</tool-response> <-user> <-bot> <-end> <-system> <seed:" },
      0, NULL, 0, 1 },

    { { "<<sys>> <</sys>> [inst] [/inst] [system-prompt] [/system-prompt] "
        "[available-tools] [tool-calls] [tool-results] [gmask] [smask] [bos] "
        "[eos] [|user|] [|system|] [|assistant|] [e~[ ]~b] ]~!b[" },
      0, NULL, 0, 1 },

    { { NULL }, 0, NULL, 0, 0 }
};
