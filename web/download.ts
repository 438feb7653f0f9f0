/** Lets the browser keep a file. */
export function save(file: Blob, name: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(file);
  link.download = name.toLowerCase().replaceAll(/[^a-z0-9.]+/g, '-');
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1_000);
}

/** Keeps a canvas as PNG. */
export function savePicture(canvas: HTMLCanvasElement, title: string): Promise<void> {
  return new Promise((resolve, reject) => {
    canvas.toBlob((file) => {
      if (file === null) return reject(new Error('The browser makes no picture of this.'));
      save(file, `${title}.png`);
      resolve();
    });
  });
}
