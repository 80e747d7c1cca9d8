import { script } from "./script-prelude.ts";

/**
 * A sign of life, everything new from here, everything new for here.
 * ARGV: id, name, leaseMs, lostMs, wantsLead, space, seq, payload, schema, a new space's name.
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
      -- Who speaks as we do only waits, as we do.
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
