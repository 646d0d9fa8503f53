/** The address of a file of this extension, from any of its pages or its background. */
export const pageUrl = (path: `/${string}`): string => new URL(path, self.location.origin).href;
export const SENDS_PAGE = '/sends.html';
export const SEND_PAGE = '/send.html';
/** Of the receive page, with the link that it shall open. */
export const receiveUrl = (link: string): string => `${pageUrl('/receive.html')}#${link}`;
