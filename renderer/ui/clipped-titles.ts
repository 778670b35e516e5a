// What is cut off by an ellipsis tells its whole text on hover, wherever it is, unless it has something better to say.

/** Watches the pointer below `root`; the returned function ends that. */
export function titleClippedText(root: Document): () => void {
  const onOver = (event: Event) => {
    for (let element = event.target as Element | null; element; element = element.parentElement) {
      if (!(element instanceof HTMLElement)) continue;
      const ours = element.dataset.clipped !== undefined;
      if (element.title !== '' && !ours) return;
      if (getComputedStyle(element).textOverflow !== 'ellipsis') continue;
      if (element.scrollWidth > element.clientWidth) {
        element.title = element.textContent.replace(/\s+/g, ' ').trim();
        element.dataset.clipped = '';
      } else if (ours) {
        element.removeAttribute('title');
        delete element.dataset.clipped;
      }
      return;
    }
  };
  root.addEventListener('pointerover', onOver);
  return () => root.removeEventListener('pointerover', onOver);
}
