// Basic usage
const source = new EventSource('/events');
source.onmessage = (event) => {
const data = JSON.parse(event.data);
console.log('Received:', data);
};
source.onerror = (error) => {
console.error('SSE error:', error);
};
// Named events
source.addEventListener('price', (event) => {
const price = JSON.parse(event.data);
updatePriceDisplay(price);
});
source.addEventListener('notification', (event) => {
const notif = JSON.parse(event.data);
showNotification(notif);
});
// With authentication (POST not supported by EventSource)
// Use fetch with ReadableStream instead
async function streamWithAuth(url, token) {
const response = await fetch(url, {
headers: { 'Authorization': `Bearer ${token}` }
});
const reader = response.body.getReader();
const decoder = new TextDecoder();
while (true) {
const { done, value } = await reader.read();
if (done) break;
const text = decoder.decode(value);
// Parse SSE format
const lines = text.split('\n');
for (const line of lines) {
if (line.startsWith('data: ')) {
const data = JSON.parse(line.slice(6));
handleEvent(data);
}
}
}
}
