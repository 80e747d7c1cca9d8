import { scriptOf, type Script } from "./link.ts";

/*
 * Each script is one step that all Wakegates see as a whole. The only key that is passed is the prefix; all times are
 * those of Redis' own clock, so no two machines' clocks are ever compared. What they keep:
 *
 * - `schema`: version and timing. Whoever does not speak it registers as a member, and does nothing else.
 * - `members` (hash): `m:ID` alive until, `l:ID` lost and counted until, `n:ID` its name, `#space` which keyspace this
 *   is, `#born` since when. One key: whoever loses a part of it (eviction, an empty restart) loses all, and starts anew.
 * - `leader`: `ID:TOKEN`, with the lease's time to live. `token`: counts leases, stops and wakes.
 * - `use:ID` (hash): what each has open for each target. `recent` (sorted set): last use of each target.
 * - `entries` (hash), `changes` (sorted set, by `seq`), `tombs` (sorted set, by the time of their end): pins,
 *   hold-downs, leases, history; the youngest change counts.
 * - `stops`, `wakes` (hashes): what is about to be stopped and started, by whom, until when.
 */
const PRELUDE = `
local P = KEYS[1]
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local function k(name) return P .. name end
local function num(n) return string.format('%.0f', n) end
local function tell(message) redis.call('PUBLISH', k('news'), cjson.encode(message)) end
local function census()
  local all, live, lost, names, space = redis.call('HGETALL', k('members')), {}, {}, {}, {}
  for i = 1, #all, 2 do
    local kind, id = string.sub(all[i], 1, 2), string.sub(all[i], 3)
    if kind == 'm:' then live[id] = tonumber(all[i + 1])
    elseif kind == 'l:' then lost[id] = tonumber(all[i + 1])
    elseif kind == 'n:' then names[id] = all[i + 1]
    else space[all[i]] = all[i + 1] end
  end
  return live, lost, names, space
end
local function stopOf(target)
  local text = redis.call('HGET', k('stops'), target)
  local stop = text and cjson.decode(text)
  if stop and stop['until'] > now then return stop end
end
local function putStop(target, stop)
  redis.call('HSET', k('stops'), target, cjson.encode(stop))
  redis.call('PEXPIRE', k('stops'), 86400000)
end
local function wakeOf(target)
  local text = redis.call('HGET', k('wakes'), target)
  local wake = text and cjson.decode(text)
  if wake and wake['until'] > now then return wake end
end
local function leads(id, token) return redis.call('GET', k('leader')) == id .. ':' .. token end
`;

/** A script that begins with what all have in common. */
export function script(body: string): Script {
  return scriptOf(PRELUDE + body);
}
