-- Sends the requests of a file one after the other, each once; all of them have the same length.
-- wrk ... -s replay.lua -- FILE LENGTH
local file, length, sent, wrapped = nil, 0, 0, 0

function init(args)
  file = assert(io.open(args[1], "rb"))
  length = tonumber(args[2])
end

function request()
  local said = file:read(length)
  if not said or #said < length then
    wrapped = wrapped + 1
    file:seek("set", 0)
    said = file:read(length)
  end
  return said
end

function done(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'RESULT {"requests": %d, "seconds": %f, "errors": %d, "p50_ms": %f, "p99_ms": %f}\n',
    summary.requests, summary.duration / 1e6, e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
