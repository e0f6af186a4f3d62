// Runs a card's code, and says in JSON text what came of it.
//
// The code may replace whatever it can reach. So this keeps what it needs later before the code
// runs, looks at what the code hands over only where it may also fail, and builds its answer from
// texts alone.
(function (mostPrinted, longestAnswer) {
  "use strict";
  const evaluate = eval; // under another name it sees the global scope only
  const { stringify } = JSON;
  const { bind, call } = Function.prototype;
  const slice = bind.call(call, String.prototype.slice);
  const join = bind.call(call, Array.prototype.join);
  const AnyError = Error;
  const toText = String;
  const LONGEST_SAID = 4000;
  let printed = "";

  function log() {
    if (printed.length >= mostPrinted) return;
    let line = "";
    for (let i = 0; i < arguments.length; i++) line += (i ? " " : "") + shown(arguments[i]);
    printed = slice(printed + line + "\n", 0, mostPrinted);
  }

  function shown(value) {
    if (typeof value === "string") return value;
    if (value instanceof AnyError) return toText(value);
    try {
      return stringify(value) ?? toText(value);
    } catch {
      // Such as a list that holds itself.
      return typeof value === "object" ? "[not to be said in JSON]" : toText(value);
    }
  }

  function short(value) {
    return typeof value === "string" ? slice(value, 0, LONGEST_SAID) : "";
  }

  // Joined, for what is added up with "+" stays in pieces, which the host cannot take.
  function failure(type, message, stack) {
    const parts = [
      '{"error":{"type":', stringify(short(type)),
      ',"message":', stringify(short(message)),
      ',"stack":', stringify(short(stack)),
      '},"printed":', stringify(printed), "}",
    ];
    return join(parts, "");
  }

  function thrown(error, where) {
    try {
      if (error instanceof AnyError) {
        return failure(error.name, where + short(error.message), where ? "" : error.stack);
      }
      return failure("", where + "it threw " + shown(error), "");
    } catch {
      return failure("", where + "it threw something that cannot be shown", "");
    }
  }

  function inWords(answer) {
    const canHold = typeof answer === "object" || typeof answer === "function";
    if (canHold && answer !== null && typeof answer.then === "function") {
      return failure("", "it returned a Promise; return the object itself, without async", "");
    }
    const value = stringify(answer) ?? "null";
    if (value.length > longestAnswer) {
      const most = longestAnswer / 1024 / 1024;
      return failure("", "it answered more than " + most + " MB; return a smaller one", "");
    }
    return join(['{"value":', value, ',"printed":', stringify(printed), "}"], "");
  }

  globalThis.console = { log, info: log, debug: log, warn: log, error: log };

  return function run(code, data) {
    let answer;
    try {
      // The code starts on the first line of what is evaluated, so its lines keep their numbers.
      answer = evaluate("(function (data) {" + code + "\n})")(data);
    } catch (error) {
      return thrown(error, "");
    }
    try {
      return inWords(answer);
    } catch (error) {
      return thrown(error, "its answer cannot be said in JSON: ");
    }
  };
});
