/** The properties of the style sheet that a picture of an SVG must carry along. */
const properties = ['fill', 'fill-opacity', 'stroke', 'stroke-opacity', 'font', 'opacity'];

/** An SVG of the page as an image. Its styles are written into it, since an image sees no style sheet. */
export async function drawnSvg(selector: string): Promise<HTMLImageElement> {
  const svg = document.querySelector<SVGSVGElement>(selector);
  if (svg === null) throw new Error('There is no drawing on this page.');
  const copy = svg.cloneNode(true) as SVGSVGElement;
  const originals = [...svg.querySelectorAll('*')];
  for (const [n, element] of [...copy.querySelectorAll('*')].entries()) {
    const style = getComputedStyle(originals[n] as Element);
    for (const name of properties) (element as SVGElement).style.setProperty(name, style.getPropertyValue(name));
  }
  const { width, height } = svg.viewBox.baseVal;
  copy.setAttribute('xmlns', 'http://www.w3.org/2000/svg');
  copy.setAttribute('width', String(2 * width));
  copy.setAttribute('height', String(2 * height));
  const image = new Image();
  image.src = `data:image/svg+xml;charset=utf-8,${encodeURIComponent(new XMLSerializer().serializeToString(copy))}`;
  await image.decode();
  return image;
}
