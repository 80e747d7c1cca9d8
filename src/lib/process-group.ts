/**
 * Sends a signal to a process group, which has the id of its leader; 0 only asks whether it exists.
 *
 * @returns false when there is no such group.
 */
export function signalGroup(leader: number, signal: NodeJS.Signals | 0): boolean {
  // 0 and 1 would mean our own group and everybody.
  if (leader <= 1) return false;
  try {
    process.kill(-leader, signal);
    return true;
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    // EPERM: members exist that changed their user. They cannot be signalled, but they are there.
    if (code === "EPERM") return true;
    if (code === "ESRCH") return false;
    throw error;
  }
}
