// The types of `#postgres`, the mended copy of the driver that the build makes: those of the driver itself.
export { default } from 'postgres';
