/** Makes an element as high as the rest of the window, down to a gap in pixels above the navigation of phones. */
export function fillViewport(gap: number): (element: HTMLElement) => () => void {
  return (element) => {
    const fit = () => {
      const top = element.getBoundingClientRect().top + window.scrollY;
      element.style.height = `max(20rem, calc(100dvh - ${Math.round(top + gap)}px - var(--bar)))`;
    };
    fit();
    const observer = new ResizeObserver(fit);
    // What stands above it changes the height of the page.
    observer.observe(document.body);
    window.addEventListener('resize', fit);
    return () => {
      observer.disconnect();
      window.removeEventListener('resize', fit);
    };
  };
}
