import { scriptOf, type Script } from "./redis.ts";

/*
 * Each script is one atomic step. The only key that is passed is the prefix. All times come from Redis' own clock, so the
 * clocks of two machines are never compared. Keys:
 *
 * - `schema`: protocol version and timing. A replica with another one registers as a member and does nothing else.
 * - `members` (hash): `m:ID` lease end, `l:ID` lost, counted until, `n:ID` name, `#space` identifier of the keyspace,
 *   `#born` its creation. One key, so that eviction or an empty restart loses all of it or nothing.
 * - `leader`: `ID:TOKEN`, expires with the lease. `token`: counter of leases, stops and wake locks.
 * - `use:ID` (hash): what is in use through each replica, by target. `recent` (sorted set): last use of each target.
 * - `entries` (hash), `changes` (sorted set, by `seq`), `tombs` (sorted set, by expiry): pins, sleep locks, leases,
 *   history. The most recent change of a field wins.
 * - `stops`, `wakes` (hashes): stops and starts in progress, by whom, until when.
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

function script(body: string): Script {
  return scriptOf(PRELUDE + body);
}

/**
 * Proposes a stop. ARGV: id, leader token, target, unusedMs, force, leaseMs, lostMs, askMs, question for the others.
 * Returns the reason for a refusal, or `asked`, the token of the stop and the replicas that must consent.
 */
export const PROPOSE = script(`
local id, target, leaseMs, lostMs = ARGV[1], ARGV[3], tonumber(ARGV[6]), tonumber(ARGV[7])
if not leads(id, ARGV[2]) then return { 'not-leader' } end
local live, lost, names, space = census()
if not live[id] or not space['#born'] or now - tonumber(space['#born']) < leaseMs + lostMs then return { 'settling' } end
local others = {}
for other, expiry in pairs(live) do
  if other ~= id then
    if expiry <= now then return { 'lost', names[other] or other } end
    if string.sub(names[other] or '', 1, 1) == '!' then return { 'mismatched', string.sub(names[other], 2) } end
    others[#others + 1] = other
    if ARGV[5] ~= '1' and redis.call('HEXISTS', k('use:' .. other), target) == 1 then
      return { 'in-use', names[other] or other }
    end
  end
end
for other in pairs(lost) do return { 'lost', names[other] or other } end
if stopOf(target) then return { 'busy' } end
if wakeOf(target) then return { 'waking' } end
local used = redis.call('ZSCORE', k('recent'), target)
if ARGV[5] ~= '1' and used and now - tonumber(used) < tonumber(ARGV[4]) - 1000 then
  return { 'used', num(now - tonumber(used)) }
end
local token = redis.call('INCR', k('token'))
putStop(target, { stop = token, by = id, phase = 'asked', ['until'] = now + tonumber(ARGV[8]), acks = {}, ask = ARGV[9] })
tell({ k = 'ask', target = target, stop = token, by = id, ask = ARGV[9] })
local reply = { 'asked', num(token) }
for _, other in ipairs(others) do reply[#reply + 1] = other end
return reply
`);

/** Consents to a stop or refuses it. ARGV: id, target, stop, yes. Returns 1 when the stop was still proposed. */
export const CONSENT = script(`
local stop = stopOf(ARGV[2])
if not stop or num(stop.stop) ~= ARGV[3] or stop.phase ~= 'asked' then return 0 end
if ARGV[4] == '1' then stop.acks[ARGV[1]] = true putStop(ARGV[2], stop)
else redis.call('HDEL', k('stops'), ARGV[2]) end
tell({ k = 'answer', target = ARGV[2], stop = stop.stop, by = ARGV[1], yes = ARGV[4] == '1' })
return 1
`);

/**
 * Commits a stop if every replica has consented and nothing changed since. ARGV: id, leader token, target, stop,
 * withinMs. Returns `ok`, or the reason for a refusal.
 */
export const COMMIT = script(`
local id, target = ARGV[1], ARGV[3]
local stop = stopOf(target)
if not stop or num(stop.stop) ~= ARGV[4] or stop.by ~= id then return 'revoked' end
if not leads(id, ARGV[2]) then return 'not-leader' end
if wakeOf(target) then return 'waking' end
local live, lost = census()
for _ in pairs(lost) do return 'lost' end
for other, expiry in pairs(live) do
  if other ~= id and (expiry <= now or not stop.acks[other]) then return 'not-agreed' end
end
stop.phase, stop['until'] = 'committed', now + tonumber(ARGV[5])
putStop(target, stop)
tell({ k = 'committed', target = target, stop = stop.stop, by = id })
return 'ok'
`);

/** Ends a stop that this replica proposed. ARGV: id, target, stop. */
export const END = script(`
local stop = stopOf(ARGV[2])
if not stop or num(stop.stop) ~= ARGV[3] or stop.by ~= ARGV[1] then return 0 end
redis.call('HDEL', k('stops'), ARGV[2])
tell({ k = 'over', target = ARGV[2], stop = stop.stop, by = ARGV[1] })
return 1
`);

/** Withdraws consent. ARGV: id, target, stop. Returns 1 when the stop will not happen. */
export const WITHDRAW = script(`
local stop = stopOf(ARGV[2])
if not stop or num(stop.stop) ~= ARGV[3] then return 1 end
if stop.phase ~= 'asked' then return 0 end
redis.call('HDEL', k('stops'), ARGV[2])
tell({ k = 'over', target = ARGV[2], stop = stop.stop, by = ARGV[1] })
return 1
`);

/**
 * Takes the wake lock of a target. ARGV: id, target, leaseMs, `1` when the target is stopped, `2` when it is paused.
 * Returns `mine` and the token, or `waking` or `stopping` with the ms that it may last.
 */
export const LOCK_WAKE = script(`
local id, target = ARGV[1], ARGV[2]
local stop = stopOf(target)
if stop and stop.phase == 'asked' and stop.by ~= id then
  redis.call('HDEL', k('stops'), target)
  tell({ k = 'over', target = target, stop = stop.stop, by = id })
elseif stop and stop.by ~= id and ARGV[4] ~= '1' then
  local paused = ARGV[4] == '2' and string.find(stop.ask, '"method":"pause"', 1, true)
  if not paused then return { 'stopping', num(stop['until'] - now) } end
end
local wake = wakeOf(target)
if wake and wake.by ~= id then return { 'waking', num(wake['until'] - now) } end
local token = redis.call('INCR', k('token'))
redis.call('HSET', k('wakes'), target, cjson.encode({ token = token, by = id, ['until'] = now + tonumber(ARGV[3]) }))
redis.call('PEXPIRE', k('wakes'), 86400000)
return { 'mine', num(token) }
`);

/** Releases a wake lock. ARGV: id, target, token. */
export const RELEASE_WAKE = script(`
local wake = wakeOf(ARGV[2])
if not wake or num(wake.token) ~= ARGV[3] then return 0 end
redis.call('HDEL', k('wakes'), ARGV[2])
tell({ k = 'woke', target = ARGV[2], by = ARGV[1] })
return 1
`);

/** Claims the right to send a notification. ARGV: id, key, ms. Returns 0 when another replica sent it within `ms`. */
export const CLAIM_NOTIFICATION = script(`
local by = redis.call('GET', k('told:' .. ARGV[2]))
if by and by ~= ARGV[1] then return 0 end
redis.call('SET', k('told:' .. ARGV[2]), ARGV[1], 'PX', ARGV[3])
return 1
`);

/** Removes a replica that shuts down. What it had in use counts as used until now. ARGV: id. */
export const LEAVE = script(`
local id = ARGV[1]
for _, target in ipairs(redis.call('HKEYS', k('use:' .. id))) do
  redis.call('ZADD', k('recent'), now, target)
  redis.call('ZADD', k('changes'), redis.call('INCR', k('seq')), target .. '\\nuse')
end
redis.call('DEL', k('use:' .. id))
redis.call('HDEL', k('members'), 'm:' .. id, 'l:' .. id, 'n:' .. id)
local leader = redis.call('GET', k('leader'))
if leader and string.sub(leader, 1, #id + 1) == id .. ':' then redis.call('DEL', k('leader')) end
tell({ k = 'left', by = id })
return 1
`);

/** The key that signs pages and cookies: the first one stored is kept. ARGV: a key. */
export const SHARED_KEY = script(`
redis.call('SET', k('key'), ARGV[1], 'NX')
return redis.call('GET', k('key'))
`);

/**
 * One synchronization: renews the lease, stores what is new on this replica and returns what is new on the others.
 * ARGV: id, name, leaseMs, lostMs, may lead, space, seq, payload, schema, identifier for a new keyspace.
 */
export const SYNC = script(`
local id, name, leaseMs, lostMs = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[4])
local KEPT = 40 * 86400000
local live, lost, names, space = census()
local schema = redis.call('GET', k('schema'))
if schema and schema ~= ARGV[9] then
  local others = {}
  for other, expiry in pairs(live) do
    if other ~= id and expiry > now then
      -- A mismatched replica (marked with !) is waiting as well.
      if names[other] and string.sub(names[other], 1, 1) ~= '!' then others[#others + 1] = names[other] end
    end
  end
  if #others > 0 then
    redis.call('HSET', k('members'), 'm:' .. id, num(now + leaseMs), 'n:' .. id, '!' .. name)
    return cjson.encode({ kind = 'schema', schema = schema, others = others })
  end
  for _, gone in ipairs({ 'members', 'leader', 'recent', 'entries', 'changes', 'tombs', 'stops', 'wakes', 'seq' }) do
    redis.call('DEL', k(gone))
  end
  live, lost, names, space = {}, {}, {}, {}
end
redis.call('SET', k('schema'), ARGV[9])
if not space['#space'] then
  space['#space'], space['#born'] = ARGV[10], num(now)
  redis.call('HSET', k('members'), '#space', ARGV[10], '#born', num(now))
end
local seqKnown, known = tonumber(ARGV[7]), live[id] ~= nil and live[id] > now
if ARGV[6] ~= space['#space'] then seqKnown, known = 0, false end

local function change(target, field, ttl)
  local member = target .. '\\n' .. field
  redis.call('ZADD', k('changes'), redis.call('INCR', k('seq')), member)
  if ttl then redis.call('ZADD', k('tombs'), now + ttl, member) else redis.call('ZREM', k('tombs'), member) end
end
local function use(target, at)
  local before = redis.call('ZSCORE', k('recent'), target)
  if before and tonumber(before) >= at then return end
  redis.call('ZADD', k('recent'), at, target)
  change(target, 'use', KEPT)
end

for other, expiry in pairs(live) do
  if expiry <= now and other ~= id then
    redis.call('HDEL', k('members'), 'm:' .. other)
    lost[other] = expiry + lostMs
    redis.call('HSET', k('members'), 'l:' .. other, num(lost[other]))
    live[other] = nil
  end
end
for other, counted in pairs(lost) do
  if counted <= now or other == id then
    if other ~= id then
      for _, target in ipairs(redis.call('HKEYS', k('use:' .. other))) do use(target, now) end
      redis.call('DEL', k('use:' .. other))
      redis.call('HDEL', k('members'), 'n:' .. other)
    end
    redis.call('HDEL', k('members'), 'l:' .. other)
    lost[other] = nil
  end
end
redis.call('HSET', k('members'), 'm:' .. id, num(now + leaseMs), 'n:' .. id, name)
live[id], names[id] = now + leaseMs, name

local payload = cjson.decode(ARGV[8])
for _, each in ipairs(payload.uses) do
  use(each[1], now - each[2])
  if each[3] == '[]' then redis.call('HDEL', k('use:' .. id), each[1])
  else redis.call('HSET', k('use:' .. id), each[1], each[3]) end
end
for _, each in ipairs(payload.entries) do
  local target, field, at, value, ttl = each[1], each[2], now - each[3], each[4], each[5]
  local member = target .. '\\n' .. field
  local text = redis.call('HGET', k('entries'), member)
  if not text or cjson.decode(text)[1] <= at then
    redis.call('HSET', k('entries'), member, cjson.encode({ at, value }))
    if value == '' then ttl = 3600000 end
    change(target, field, ttl > 0 and ttl)
  end
end
for _, member in ipairs(redis.call('ZRANGEBYSCORE', k('tombs'), '-inf', now, 'LIMIT', 0, 100)) do
  redis.call('ZREM', k('tombs'), member)
  redis.call('ZREM', k('changes'), member)
  redis.call('HDEL', k('entries'), member)
  if string.sub(member, -4) == '\\nuse' then redis.call('ZREM', k('recent'), string.sub(member, 1, -5)) end
end

local leader = redis.call('GET', k('leader'))
if ARGV[5] == '1' and not leader then
  leader = id .. ':' .. num(redis.call('INCR', k('token')))
  redis.call('SET', k('leader'), leader)
end
local mine = leader and string.sub(leader, 1, #id + 1) == id .. ':'
if mine then
  if ARGV[5] == '1' then redis.call('PEXPIRE', k('leader'), leaseMs)
  else redis.call('DEL', k('leader')) leader = nil mine = false end
end
for _, each in ipairs(payload.wakes) do
  local wake = wakeOf(each[1])
  if wake and wake.token == each[2] then
    wake['until'] = now + leaseMs
    redis.call('HSET', k('wakes'), each[1], cjson.encode(wake))
  end
end
for _, each in ipairs(payload.stops) do
  local stop = stopOf(each[1])
  if stop and stop.by == id and num(stop.stop) == each[2] and stop.phase == 'committed' then
    stop['until'] = math.max(stop['until'], now + 2 * leaseMs)
    putStop(each[1], stop)
  end
end

local stops, all = {}, redis.call('HGETALL', k('stops'))
for i = 1, #all, 2 do
  local stop = cjson.decode(all[i + 1])
  if stop['until'] > now then
    stops[#stops + 1] = { target = all[i], stop = stop.stop, by = stop.by, phase = stop.phase, ask = stop.ask, left = stop['until'] - now }
  else redis.call('HDEL', k('stops'), all[i]) end
end
local uses, members = {}, {}
for other in pairs(live) do
  members[#members + 1] = { id = other, name = names[other] or other }
  if other ~= id then
    local fields = redis.call('HGETALL', k('use:' .. other))
    for i = 1, #fields, 2 do uses[#uses + 1] = { other, fields[i], fields[i + 1] } end
  end
end
local away = {}
for other, counted in pairs(lost) do
  away[#away + 1] = { id = other, name = names[other] or other, left = counted - now }
  local fields = redis.call('HGETALL', k('use:' .. other))
  for i = 1, #fields, 2 do uses[#uses + 1] = { other, fields[i], fields[i + 1] } end
end
local entries = {}
for _, member in ipairs(redis.call('ZRANGEBYSCORE', k('changes'), '(' .. num(seqKnown), '+inf')) do
  local at = string.find(member, '\\n', 1, true)
  local target, field = string.sub(member, 1, at - 1), string.sub(member, at + 1)
  if field == 'use' then
    local score = redis.call('ZSCORE', k('recent'), target)
    if score then entries[#entries + 1] = { target, field, now - tonumber(score) } end
  else
    local text = redis.call('HGET', k('entries'), member)
    if text then entries[#entries + 1] = { target, field, cjson.decode(text)[2] } end
  end
end
for _, kept in ipairs({ 'schema', 'members', 'token', 'recent', 'entries', 'changes', 'tombs', 'seq', 'key', 'use:' .. id }) do
  redis.call('PEXPIRE', k(kept), KEPT)
end
return cjson.encode({
  kind = 'ok', space = space['#space'], age = now - tonumber(space['#born']), known = known,
  seq = tonumber(redis.call('GET', k('seq')) or '0'),
  leader = leader or '', members = members, lost = away, uses = uses, entries = entries, stops = stops,
})
`);
