/**
 * What a monitor's question about a sleeping app is answered with. No app answers so, and Traefik makes 200 of
 * it; should it ever get out, it is an error like any other of its class.
 */
export const ASLEEP_STATUS = 599;
/** Where the public listener has the answer that monitors see in its place. */
export const ASLEEP_PATH = "/.wakegate/asleep";
