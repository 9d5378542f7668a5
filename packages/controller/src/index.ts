export { ControllerSettings } from './settings.ts';
