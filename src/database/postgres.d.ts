// The types of `#postgres`, the patched copy of the driver that the build creates: those of the driver itself.
export { default } from 'postgres';
