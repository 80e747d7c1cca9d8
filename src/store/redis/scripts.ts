import { script } from "./script-prelude.ts";

/**
 * Proposes a stop. ARGV: id, leader token, target, unusedMs, force, leaseMs, lostMs, askMs, what the others are told.
 * Returns the word why not, or `asked`, the stop's token and who has to agree.
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
    if string.sub(names[other] or '', 1, 1) == '!' then return { 'skewed', string.sub(names[other], 2) } end
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

/** Agrees to a stop, or not. ARGV: id, target, stop, yes. Returns 1 when the stop is still asked about. */
export const ANSWER = script(`
local stop = stopOf(ARGV[2])
if not stop or num(stop.stop) ~= ARGV[3] or stop.phase ~= 'asked' then return 0 end
if ARGV[4] == '1' then stop.acks[ARGV[1]] = true putStop(ARGV[2], stop)
else redis.call('HDEL', k('stops'), ARGV[2]) end
tell({ k = 'answer', target = ARGV[2], stop = stop.stop, by = ARGV[1], yes = ARGV[4] == '1' })
return 1
`);

/**
 * Makes a stop final, if everything still is as it was agreed. ARGV: id, leader token, target, stop, withinMs.
 * Returns `ok`, or the word why not.
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

/** Ends a stop that was proposed here. ARGV: id, target, stop. */
export const END = script(`
local stop = stopOf(ARGV[2])
if not stop or num(stop.stop) ~= ARGV[3] or stop.by ~= ARGV[1] then return 0 end
redis.call('HDEL', k('stops'), ARGV[2])
tell({ k = 'over', target = ARGV[2], stop = stop.stop, by = ARGV[1] })
return 1
`);

/** Takes back an agreement. ARGV: id, target, stop. Returns 1 when the stop will not come. */
export const REVOKE = script(`
local stop = stopOf(ARGV[2])
if not stop or num(stop.stop) ~= ARGV[3] then return 1 end
if stop.phase ~= 'asked' then return 0 end
redis.call('HDEL', k('stops'), ARGV[2])
tell({ k = 'over', target = ARGV[2], stop = stop.stop, by = ARGV[1] })
return 1
`);

/**
 * Claims a start. ARGV: id, target, leaseMs, `1` when the target is seen stopped, `2` when seen paused.
 * Returns `mine` and the token, or `waking` or `stopping` with the ms that it may last.
 */
export const CLAIM = script(`
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

/** Gives a claim back. ARGV: id, target, token. */
export const RELEASE = script(`
local wake = wakeOf(ARGV[2])
if not wake or num(wake.token) ~= ARGV[3] then return 0 end
redis.call('HDEL', k('wakes'), ARGV[2])
tell({ k = 'woke', target = ARGV[2], by = ARGV[1] })
return 1
`);

/**
 * Whether it is for this one to tell people of something. ARGV: id, key, ms. Returns 1, unless another one told them
 * so lately.
 */
export const TELL_PEOPLE = script(`
local by = redis.call('GET', k('told:' .. ARGV[2]))
if by and by ~= ARGV[1] then return 0 end
redis.call('SET', k('told:' .. ARGV[2]), ARGV[1], 'PX', ARGV[3])
return 1
`);

/** Leaves in good order: what it had open was used until now. ARGV: id. */
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

/** The key that all sign pages with: the first one given stays. ARGV: a key. */
export const KEY = script(`
redis.call('SET', k('key'), ARGV[1], 'NX')
return redis.call('GET', k('key'))
`);
