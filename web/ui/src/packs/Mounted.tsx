/** The element that a pack draws into. */

import { useEffect, useLayoutEffect, useRef } from "react";
import { isOn, switchOff } from "./state";
import type { Mount, Mounted as Handle } from "./types";

interface Props<P> {
  readonly pack: string;
  readonly mount: Mount<P>;
  readonly props: P;
  readonly className?: string | undefined;
}

/** Mounts once, then updates; whatever the pack throws switches it off. */
export function Mounted<P>({ pack, mount, props, className }: Props<P>) {
  const element = useRef<HTMLDivElement>(null);
  const handle = useRef<Handle<P> | undefined>(undefined);
  const latest = useRef(props);
  useLayoutEffect(() => void (latest.current = props));
  useLayoutEffect(() => {
    const place = element.current;
    if (!place) return;
    guarded(pack, () => void (handle.current = mount(place, latest.current)));
    return () => {
      guarded(pack, () => handle.current?.destroy?.());
      handle.current = undefined;
      place.replaceChildren();
    };
  }, [pack, mount]);
  useEffect(() => guarded(pack, () => handle.current?.update?.(props)), [pack, props]);
  return <div ref={element} className={className} />;
}

/** Call into a pack that is on. */
function guarded(pack: string, call: () => void): void {
  if (!isOn(pack)) return;
  try {
    call();
  } catch (error) {
    switchOff(pack, error);
  }
}
