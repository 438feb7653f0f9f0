<?php
// Sends two events and counts conversations by day: php samples/clients/php.php

function post(string $path, array $body): array
{
    $url = getenv('REPORTS_URL') ?: 'http://127.0.0.1:3000';
    $headers = ['Authorization: Bearer ' . getenv('KEY'), 'Content-Type: application/json'];
    for ($attempt = 0; $attempt < 6; $attempt++) {
        $http = ['method' => 'POST', 'header' => $headers, 'content' => json_encode($body), 'ignore_errors' => true, 'timeout' => 60];
        $text = @file_get_contents($url . $path, false, stream_context_create(['http' => $http]));
        $status = $text === false ? 0 : (int) explode(' ', $http_response_header[0])[1];
        if (!in_array($status, [0, 429, 503])) {
            $answer = json_decode($text, true);
            return $status < 400 ? $answer : throw new Exception($answer['detail']);
        }
        sleep(2 ** $attempt); // the service is busy or restarts: repeated events change nothing
    }
    throw new Exception('the service does not answer');
}

$message = ['type' => 'message', 'conversation_id' => 'sample-php', 'conversation' => ['bot_id' => 'shop', 'bot_version' => 'LIVE']];
$sent = post('/v1/events', ['events' => [
    $message + ['id' => '1', 'sender' => 'user', 'sender_id' => 'ann', 'time' => '2024-01-08T09:15:00Z', 'text' => 'Hello'],
    $message + ['id' => '2', 'sender' => 'bot', 'time' => '2024-01-08T09:15:02Z', 'text' => 'How can I help?'],
]]);
echo "{$sent['accepted']} new, {$sent['duplicates']} known\n";

$answer = post('/v1/query', [
    'dataset' => 'conversations',
    'start_time' => '2024-01-08',
    'end_time' => '2024-01-11',
    'bucket' => '1d',
    'measures' => ['conversations'],
]);
foreach ($answer['rows'] as [$day, $count]) {
    echo "$day $count\n";
}
